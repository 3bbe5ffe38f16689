use super::*;
use crate::core::rpc::classify::Certainty;

const GOOD: World = World {
    is_signed_in: true,
    is_visible: true,
    is_online: true,
};

fn running() -> Poll {
    let mut poll = Poll::every(INTEGRATIONS);
    poll.world(GOOD);
    poll
}

fn fail(poll: &mut Poll, kind: RpcErrorKind, now: i64) -> Option<Note> {
    let generation = poll.begin(now).expect("it is time");
    poll.end(generation, Err(&RpcError::of(kind)), now, u64::MAX)
}

fn work(poll: &mut Poll, now: i64) -> Option<Note> {
    let generation = poll.begin(now).expect("it is time");
    poll.end(generation, Ok(()), now, 0)
}

/// When it asks next.
fn due(poll: &Poll, now: i64) -> i64 {
    match poll.next(now) {
        Next::Now => now,
        Next::At(at) => at,
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_asks_at_once_and_then_every_five_seconds() {
    let mut poll = running();
    assert_eq!(poll.next(0), Next::Now);
    assert_eq!(work(&mut poll, 0), None);
    assert_eq!(poll.next(1), Next::At(5_000));
    assert_eq!(poll.next(5_000), Next::Now);
}

#[test]
fn an_interval_of_nothing_is_never() {
    let mut poll = Poll::every(0);
    poll.world(GOOD);
    poll.connect();
    assert_eq!((poll.next(0), poll.begin(0)), (Next::Stopped, None));
}

#[test]
fn one_answer_is_under_way_at_most() {
    let mut poll = running();
    assert!(poll.begin(0).is_some());
    assert_eq!((poll.next(9_000), poll.begin(9_000)), (Next::Waiting, None));
}

#[test]
fn an_expired_a_hidden_and_an_offline_server_is_not_asked_and_a_sign_in_wakes_it() {
    for world in [
        World {
            is_signed_in: false,
            ..GOOD
        },
        World {
            is_visible: false,
            ..GOOD
        },
        World {
            is_online: false,
            ..GOOD
        },
    ] {
        let mut poll = running();
        work(&mut poll, 0);
        poll.world(world);
        assert_eq!(
            (poll.next(60_000), poll.begin(60_000)),
            (Next::Asleep, None),
            "{world:?}"
        );
        poll.world(GOOD);
        assert_eq!(poll.next(1), Next::Now, "{world:?}");
    }
}

#[test]
fn failures_make_the_pauses_longer_and_a_success_ends_that() {
    let mut poll = running();
    let mut now = 0;
    let mut pauses = Vec::new();
    for _ in 0..9 {
        fail(&mut poll, RpcErrorKind::Transport, now);
        pauses.push(due(&poll, now) - now);
        now = due(&poll, now);
    }
    assert!(
        pauses.windows(2).all(|pair| pair[0] <= pair[1]),
        "{pauses:?}"
    );
    assert!(
        pauses[0] == 5_000 && pauses[8] > 30_000 && pauses[8] <= 60_000,
        "{pauses:?}"
    );
    assert_eq!(work(&mut poll, now), Some(Note::Works { failures: 9 }));
    assert_eq!((due(&poll, now) - now, poll.failures()), (5_000, 0));
}

#[test]
fn failures_253_times_over_are_one_line_and_a_count() {
    let mut poll = running();
    let (mut now, mut notes) = (0, Vec::new());
    for _ in 0..253 {
        notes.extend(fail(&mut poll, RpcErrorKind::Unknown, now));
        now = due(&poll, now);
    }
    assert_eq!(notes, [Note::Failing(RpcErrorKind::Unknown)]);
    assert_eq!(poll.failures(), 253);
    assert_eq!(work(&mut poll, now), Some(Note::Works { failures: 253 }));
}

#[test]
fn an_end_of_the_session_is_no_failure_of_what_is_asked_for() {
    let mut poll = running();
    let mut now = 0;
    for certainty in [Certainty::Unconfirmed, Certainty::Confirmed] {
        for _ in 0..253 {
            assert_eq!(
                fail(&mut poll, RpcErrorKind::AuthExpired(certainty), now),
                None
            );
            now = due(&poll, now);
        }
    }
    assert_eq!(poll.failures(), 0);
}

#[test]
fn a_method_that_is_not_there_and_a_refused_bearer_stop_it_until_the_next_connection() {
    for kind in [RpcErrorKind::MethodNotFound, RpcErrorKind::BearerRejected] {
        let mut poll = running();
        assert_eq!(fail(&mut poll, kind, 0), Some(Note::Stopped(kind)));
        poll.world(World {
            is_signed_in: false,
            ..GOOD
        });
        poll.world(GOOD);
        poll.wake();
        assert_eq!((poll.next(i64::MAX), poll.begin(1)), (Next::Stopped, None));
        poll.connect();
        assert_eq!(poll.next(1), Next::Now);
    }
}

#[test]
fn an_answer_from_before_a_sign_in_is_not_wanted() {
    let mut poll = running();
    let generation = poll.begin(0).unwrap();
    poll.world(World {
        is_signed_in: false,
        ..GOOD
    });
    poll.world(GOOD);
    assert!(!poll.is_wanted(generation));
    assert_eq!(
        poll.end(
            generation,
            Err(&RpcError::of(RpcErrorKind::MethodNotFound)),
            1,
            0
        ),
        None
    );
    assert_eq!(poll.next(1), Next::Now, "it was not stopped by it");
}

#[test]
fn a_wish_to_see_it_anew_comes_before_the_pause() {
    let mut poll = running();
    fail(&mut poll, RpcErrorKind::Transport, 0);
    assert_ne!(poll.next(1), Next::Now);
    poll.wake();
    assert_eq!(poll.next(1), Next::Now);
}

#[test]
fn what_is_waited_for_is_waited_for_five_minutes() {
    let mut poll = Poll::every(CONNECTING).until(CONNECTING_FOR);
    poll.world(GOOD);
    work(&mut poll, 0);
    assert_eq!(poll.next(0), Next::At(4_000));
    assert_eq!(poll.next(CONNECTING_FOR), Next::Stopped);
}

#[test]
fn a_clock_that_is_set_back_does_not_silence_it() {
    let mut poll = running();
    work(&mut poll, 10_000_000);
    assert_eq!(poll.next(0), Next::Now);
}

#[test]
fn a_server_that_names_a_time_is_left_alone_until_then() {
    let mut poll = running();
    let generation = poll.begin(0).unwrap();
    let error = RpcError::of(RpcErrorKind::RateLimited).after(Some(30_000));
    poll.end(generation, Err(&error), 0, 0);
    assert_eq!(poll.next(0), Next::At(30_000));
}

#[test]
fn given_up_by_this_side_is_no_failure() {
    let mut poll = running();
    assert_eq!(fail(&mut poll, RpcErrorKind::Cancelled, 0), None);
    assert_eq!((poll.failures(), poll.next(0)), (0, Next::At(5_000)));
}

#[test]
fn a_part_is_asked_for_once_more_where_that_may_help() {
    assert_eq!(once_more(RpcErrorKind::Timeout, 0), Some(400));
    assert_eq!(once_more(RpcErrorKind::Timeout, 1), None);
    for kind in [
        RpcErrorKind::AuthExpired(Certainty::Unconfirmed),
        RpcErrorKind::MethodNotFound,
        RpcErrorKind::BearerRejected,
        RpcErrorKind::RateLimited,
    ] {
        assert_eq!(once_more(kind, 0), None, "{kind:?}");
    }
}
