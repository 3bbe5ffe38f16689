use super::*;

const METHOD: &str = "openhuman.composio_list_connections";

fn signed_in() -> Cascade {
    let mut cascade = Cascade::new();
    assert_eq!(see(&mut cascade, Seen::Session { is_local: false }, 0), []);
    cascade
}

fn see(cascade: &mut Cascade, seen: Seen, now: i64) -> Vec<Action> {
    let epoch = cascade.epoch();
    cascade.snapshot(seen, epoch, now)
}

fn tell(cascade: &mut Cascade, certainty: Certainty, now: i64) -> Vec<Action> {
    let verdict = Verdict {
        certainty,
        source: Source::Call(METHOD),
        epoch: cascade.epoch(),
    };
    cascade.verdict(verdict, now)
}

fn sure(cascade: &mut Cascade, now: i64) -> Vec<Action> {
    tell(cascade, Certainty::Confirmed, now)
}

fn unsure(cascade: &mut Cascade, now: i64) -> Vec<Action> {
    tell(cascade, Certainty::Unconfirmed, now)
}

/// Carries out what is asked for, with these answers, until nothing more is; returns all that was asked for.
fn run(
    cascade: &mut Cascade,
    first: Vec<Action>,
    read: Read,
    asked: Asked,
    now: &mut i64,
) -> Vec<Action> {
    let mut all = Vec::new();
    let mut waiting = first;
    while !waiting.is_empty() {
        let action = waiting.remove(0);
        waiting.extend(match action {
            Action::Read(attempt) => cascade.read(attempt, read, *now),
            Action::Wait(attempt, ms) => {
                *now += i64::from(ms);
                cascade.waited(attempt)
            }
            Action::Ask(attempt) => cascade.asked(attempt, asked, *now),
            _ => Vec::new(),
        });
        all.push(action);
    }
    all
}

fn ends(actions: &[Action]) -> usize {
    let is_end = |action: &&Action| matches!(action, Action::Clear { .. });
    actions.iter().filter(is_end).count()
}

fn reports(actions: &[Action]) -> Vec<Transition> {
    let report = |action: &Action| match action {
        Action::Report(report) => Some(report.transition),
        _ => None,
    };
    actions.iter().filter_map(report).collect()
}

#[test]
fn a_sure_verdict_ends_the_session_and_is_told_once() {
    let mut cascade = signed_in();
    let epoch = cascade.epoch();
    assert_eq!(
        sure(&mut cascade, 1),
        [
            Action::Clear {
                epoch,
                destroy: true
            },
            Action::Report(Report {
                transition: Transition::Expired {
                    certainty: Certainty::Confirmed,
                    source: Source::Call(METHOD),
                },
                dropped: 0,
            }),
        ]
    );
    assert_eq!(cascade.standing(), Standing::Expired);
    for now in [2, 9_000, 60_000] {
        assert_eq!(sure(&mut cascade, now), [], "at {now}");
        assert_eq!(unsure(&mut cascade, now), [], "at {now}");
    }
}

#[test]
fn a_hint_is_looked_into_and_a_session_that_works_stays() {
    let mut cascade = signed_in();
    let first = unsure(&mut cascade, 1);
    assert_eq!(first, [Action::Read(Attempt(1))]);
    let all = run(&mut cascade, first, Read::Held, Asked::Good, &mut 1);
    assert_eq!(
        all,
        [
            Action::Read(Attempt(1)),
            Action::Ask(Attempt(1)),
            Action::Keep(Attempt(1), Doubt::Works),
        ]
    );
    assert_eq!(cascade.standing(), Standing::SignedIn { is_local: false });
}

#[test]
fn a_session_that_is_gone_three_times_over_is_ended_once() {
    let mut cascade = signed_in();
    let epoch = cascade.epoch();
    let first = unsure(&mut cascade, 0);
    let mut now = 0;
    let all = run(&mut cascade, first, Read::Gone, Asked::Good, &mut now);
    let attempt = Attempt(1);
    assert_eq!(
        all.get(..6),
        Some(
            &[
                Action::Read(attempt),
                Action::Wait(attempt, 300),
                Action::Read(attempt),
                Action::Wait(attempt, 300),
                Action::Read(attempt),
                Action::Clear {
                    epoch,
                    destroy: false
                },
            ][..]
        )
    );
    assert_eq!((now, ends(&all), reports(&all).len()), (600, 1, 1));
}

#[test]
fn a_session_that_is_there_at_the_last_look_stays() {
    let mut cascade = signed_in();
    let [Action::Read(attempt)] = unsure(&mut cascade, 0)[..] else {
        panic!("it is looked into")
    };
    for _ in 0..2 {
        assert_eq!(
            cascade.read(attempt, Read::Gone, 0),
            [Action::Wait(attempt, 300)]
        );
        assert_eq!(cascade.waited(attempt), [Action::Read(attempt)]);
    }
    assert_eq!(cascade.read(attempt, Read::Held, 0), [Action::Ask(attempt)]);
    assert_eq!(
        cascade.asked(attempt, Asked::Unsure, 0),
        [Action::Keep(attempt, Doubt::Unsure)]
    );
}

#[test]
fn a_read_that_fails_keeps_the_session() {
    let mut cascade = signed_in();
    let first = unsure(&mut cascade, 0);
    let all = run(&mut cascade, first, Read::Failed, Asked::Refused, &mut 0);
    assert_eq!(
        all.last(),
        Some(&Action::Keep(Attempt(1), Doubt::Unreadable))
    );
    assert_eq!(ends(&all), 0);
}

#[test]
fn a_token_that_the_server_still_holds_but_nobody_takes_any_more_is_the_end() {
    let mut cascade = signed_in();
    let first = unsure(&mut cascade, 0);
    let all = run(&mut cascade, first, Read::Held, Asked::Refused, &mut 0);
    assert!(
        matches!(all.get(2), Some(Action::Clear { destroy: true, .. })),
        "{all:?}"
    );
    assert_eq!(reports(&all).len(), 1);
}

#[test]
fn what_the_one_call_comes_to_is_an_end_only_where_it_is_sure() {
    assert_eq!(Asked::of(None), Asked::Good);
    assert_eq!(
        Asked::of(Some(RpcErrorKind::AuthExpired(Certainty::Confirmed))),
        Asked::Refused
    );
    for kind in [
        RpcErrorKind::AuthExpired(Certainty::Unconfirmed),
        RpcErrorKind::BearerRejected,
        RpcErrorKind::Timeout,
        RpcErrorKind::Transport,
        RpcErrorKind::ProviderAuth,
        RpcErrorKind::Unknown,
    ] {
        assert_eq!(Asked::of(Some(kind)), Asked::Unsure, "{kind:?}");
    }
}

#[test]
fn within_ten_seconds_one_hint_is_looked_into() {
    let mut cascade = signed_in();
    let first = unsure(&mut cascade, 0);
    let _ = run(&mut cascade, first, Read::Held, Asked::Good, &mut 0);
    for now in [1, 5_000, 9_999] {
        assert_eq!(unsure(&mut cascade, now), [], "at {now}");
    }
    assert_eq!(unsure(&mut cascade, 10_000), [Action::Read(Attempt(2))]);
}

#[test]
fn a_sure_verdict_comes_before_a_hint_that_is_being_looked_into() {
    let mut cascade = signed_in();
    let [Action::Read(attempt)] = unsure(&mut cascade, 0)[..] else {
        panic!("it is looked into")
    };
    let actions = sure(&mut cascade, 1);
    assert_eq!(ends(&actions), 1);
    assert_eq!(
        cascade.read(attempt, Read::Gone, 2),
        [],
        "the older attempt does nothing"
    );
    assert_eq!(cascade.asked(attempt, Asked::Refused, 2), []);
    assert_eq!(cascade.waited(attempt), []);
}

#[test]
fn a_hint_that_was_looked_into_does_not_keep_a_sure_verdict_out() {
    let mut cascade = signed_in();
    let first = unsure(&mut cascade, 0);
    let _ = run(&mut cascade, first, Read::Held, Asked::Good, &mut 0);
    assert_eq!(ends(&sure(&mut cascade, 5_000)), 1);
}

#[test]
fn a_newer_attempt_silences_the_older() {
    let mut cascade = signed_in();
    let [Action::Read(old)] = unsure(&mut cascade, 0)[..] else {
        panic!("it is looked into")
    };
    let [Action::Read(new)] = unsure(&mut cascade, 10_000)[..] else {
        panic!("so is the next")
    };
    assert!(new > old);
    assert_eq!(cascade.read(old, Read::Gone, 10_001), []);
    assert_eq!(
        cascade.read(new, Read::Failed, 10_001),
        [Action::Keep(new, Doubt::Unreadable)]
    );
    assert_eq!(cascade.read(new, Read::Gone, 10_002), [], "it is over");
}

#[test]
fn a_second_end_within_ten_seconds_of_a_new_sign_in_counts() {
    let mut cascade = signed_in();
    assert_eq!(ends(&sure(&mut cascade, 0)), 1);
    cascade.sign_in_begins(false, 1_000);
    assert_eq!(
        reports(&cascade.sign_in_ends(true, 2_000)),
        [Transition::SignedIn]
    );
    assert_eq!(ends(&sure(&mut cascade, 3_000)), 1);
}

#[test]
fn two_servers_have_nothing_to_do_with_each_other() {
    let (mut a, mut b) = (signed_in(), signed_in());
    assert_eq!(ends(&sure(&mut a, 5)), 1);
    assert_eq!(b.standing(), Standing::SignedIn { is_local: false });
    assert_eq!(ends(&sure(&mut b, 5)), 1, "in the same moment");
}

#[test]
fn ten_at_once_are_one_end_and_a_count() {
    let mut cascade = signed_in();
    let epoch = cascade.epoch();
    let verdict = |certainty| Verdict {
        certainty,
        source: Source::Stream,
        epoch,
    };
    let first = cascade.verdict(verdict(Certainty::Unconfirmed), 0);
    for _ in 0..9 {
        assert_eq!(cascade.verdict(verdict(Certainty::Unconfirmed), 1), []);
    }
    let all = run(&mut cascade, first, Read::Gone, Asked::Good, &mut 1);
    assert!(
        matches!(all.last(), Some(Action::Report(Report { dropped: 9, .. }))),
        "{all:?}"
    );
}

#[test]
fn a_verdict_of_an_earlier_sign_in_says_nothing() {
    let mut cascade = signed_in();
    let old = cascade.epoch();
    let _ = sure(&mut cascade, 0);
    cascade.sign_in_begins(false, 1);
    let _ = cascade.sign_in_ends(true, 2);
    let verdict = Verdict {
        certainty: Certainty::Confirmed,
        source: Source::Call(METHOD),
        epoch: old,
    };
    assert_eq!(cascade.verdict(verdict, 20_000), []);
    assert_eq!(cascade.standing(), Standing::SignedIn { is_local: false });
}

#[test]
fn before_the_first_snapshot_a_verdict_is_held_and_then_looked_into_once() {
    for (asked, end) in [(Asked::Refused, 1), (Asked::Good, 0), (Asked::Unsure, 0)] {
        let mut cascade = Cascade::new();
        assert_eq!(sure(&mut cascade, 0), []);
        assert_eq!(unsure(&mut cascade, 1), []);
        let first = see(&mut cascade, Seen::Session { is_local: false }, 2);
        assert_eq!(first, [Action::Read(Attempt(1))]);
        let all = run(&mut cascade, first, Read::Held, asked, &mut 2);
        assert_eq!(ends(&all), end, "{asked:?}");
        let next = see(&mut cascade, Seen::Session { is_local: false }, 20_000);
        assert_eq!(next, [], "once");
    }
}

#[test]
fn what_was_held_has_nothing_to_end_where_nobody_is_signed_in() {
    let mut cascade = Cascade::new();
    let _ = sure(&mut cascade, 0);
    assert_eq!(see(&mut cascade, Seen::Nobody, 1), []);
    assert_eq!(cascade.standing(), Standing::SignedOut);
    cascade.sign_in_begins(false, 2);
    assert_eq!(
        reports(&cascade.sign_in_ends(true, 3)),
        [Transition::SignedIn]
    );
}

#[test]
fn during_a_sign_in_nothing_ends_and_what_came_is_looked_into_once_after_it() {
    let mut cascade = signed_in();
    cascade.sign_in_begins(false, 0);
    for now in [1, 2, 30_000] {
        assert_eq!(sure(&mut cascade, now), []);
        assert_eq!(unsure(&mut cascade, now), []);
        assert_eq!(see(&mut cascade, Seen::Nobody, now), []);
    }
    let first = cascade.sign_in_ends(true, 31_000);
    assert_eq!(reports(&first), [Transition::SignedIn]);
    let all = run(&mut cascade, first, Read::Held, Asked::Good, &mut 31_000);
    let reads = all
        .iter()
        .filter(|action| matches!(action, Action::Read(_)));
    assert_eq!((reads.count(), ends(&all)), (1, 0));
}

#[test]
fn after_a_sign_in_without_events_nothing_is_asked() {
    let mut cascade = signed_in();
    cascade.sign_in_begins(false, 0);
    let actions = cascade.sign_in_ends(true, 1);
    assert_eq!(reports(&actions).len(), actions.len());
    assert_eq!(
        ends(&sure(&mut cascade, 2)),
        1,
        "and a sure verdict ends it"
    );
}

#[test]
fn a_sign_in_that_fails_leaves_the_old_session_to_be_looked_into() {
    let mut cascade = signed_in();
    let [Action::Read(before)] = unsure(&mut cascade, 0)[..] else {
        panic!("it is looked into")
    };
    cascade.sign_in_begins(false, 1);
    assert_eq!(
        cascade.read(before, Read::Gone, 2),
        [],
        "not while it may be replaced"
    );
    let first = cascade.sign_in_ends(false, 3);
    let all = run(&mut cascade, first, Read::Gone, Asked::Good, &mut 3);
    assert_eq!((ends(&all), reports(&all).len()), (1, 1));
}

#[test]
fn a_sign_in_that_never_ends_holds_verdicts_for_forty_seconds() {
    let mut cascade = signed_in();
    cascade.sign_in_begins(false, 0);
    let _ = sure(&mut cascade, 1);
    assert_eq!(cascade.wakes_at(), Some(40_000));
    assert_eq!(cascade.tick(39_999), []);
    assert_eq!(cascade.tick(40_000), [Action::Read(Attempt(1))]);
    assert_eq!((cascade.wakes_at(), cascade.tick(40_001)), (None, vec![]));
}

#[test]
fn a_clock_set_back_during_a_sign_in_does_not_hold_verdicts_for_hours() {
    let mut cascade = signed_in();
    cascade.sign_in_begins(false, 10_000_000);
    let _ = cascade.tick(0);
    assert_eq!(cascade.wakes_at(), None);
}

#[test]
fn a_local_session_cannot_expire() {
    let mut cascade = Cascade::new();
    let _ = see(&mut cascade, Seen::Session { is_local: true }, 0);
    assert_eq!(sure(&mut cascade, 1), []);
    assert_eq!(unsure(&mut cascade, 20_000), []);
    assert_eq!(cascade.standing(), Standing::SignedIn { is_local: true });
    let actions = see(&mut cascade, Seen::Nobody, 30_000);
    assert_eq!(
        reports(&actions),
        [Transition::SignedOut],
        "but be ended by its server"
    );
}

#[test]
fn a_local_session_that_is_being_stored_is_not_ended_by_the_one_before_it() {
    let mut cascade = signed_in();
    cascade.sign_in_begins(true, 0);
    assert_eq!(sure(&mut cascade, 1), []);
    assert_eq!(see(&mut cascade, Seen::Session { is_local: false }, 2), []);
    let actions = cascade.sign_in_ends(true, 3);
    assert_eq!(
        reports(&actions).len(),
        actions.len(),
        "nothing is looked into"
    );
    assert_eq!(cascade.standing(), Standing::SignedIn { is_local: true });
    assert_eq!(sure(&mut cascade, 4), []);
}

#[test]
fn a_snapshot_from_before_the_end_does_not_bring_the_session_back() {
    let mut cascade = signed_in();
    let before = cascade.epoch();
    let _ = sure(&mut cascade, 0);
    let late = Seen::Session { is_local: false };
    assert_eq!(
        cascade.snapshot(late, before, 60_000),
        [],
        "asked for before it"
    );
    cascade.forgotten(true);
    assert_eq!(see(&mut cascade, late, 4_999), [], "within five seconds");
    assert_eq!(cascade.standing(), Standing::Expired);
    assert_eq!(
        reports(&see(&mut cascade, late, 5_000)),
        [Transition::SignedIn],
        "somebody has signed in elsewhere"
    );
}

#[test]
fn a_snapshot_without_a_session_ends_the_guard() {
    let mut cascade = signed_in();
    let _ = sure(&mut cascade, 0);
    assert_eq!(see(&mut cascade, Seen::Nobody, 1), []);
    let actions = see(&mut cascade, Seen::Session { is_local: false }, 2);
    assert_eq!(reports(&actions), [Transition::SignedIn]);
}

#[test]
fn a_session_that_the_server_could_not_be_made_to_forget_stays_ended() {
    let mut cascade = signed_in();
    let _ = sure(&mut cascade, 0);
    cascade.forgotten(false);
    for now in [1_000, 6_000, 600_000] {
        assert_eq!(
            see(&mut cascade, Seen::Session { is_local: false }, now),
            []
        );
        assert_eq!(cascade.standing(), Standing::Expired);
    }
    cascade.sign_in_begins(false, 600_001);
    let _ = cascade.sign_in_ends(true, 600_002);
    assert_eq!(cascade.standing(), Standing::SignedIn { is_local: false });
}

#[test]
fn a_snapshot_without_the_session_that_was_there_is_looked_into() {
    let mut cascade = signed_in();
    let first = see(&mut cascade, Seen::Nobody, 0);
    let all = run(&mut cascade, first, Read::Held, Asked::Good, &mut 0);
    assert_eq!(ends(&all), 0, "the server had just started");
    let first = see(&mut cascade, Seen::Nobody, 10_000);
    let all = run(&mut cascade, first, Read::Gone, Asked::Good, &mut 10_000);
    assert!(matches!(
        reports(&all)[..],
        [Transition::Expired {
            source: Source::Snapshot,
            ..
        }]
    ));
}

#[test]
fn a_sign_out_is_told_once_and_is_no_expiry() {
    let mut cascade = signed_in();
    let epoch = cascade.epoch();
    let actions = cascade.sign_out(0);
    assert_eq!(
        actions.first(),
        Some(&Action::Clear {
            epoch,
            destroy: true
        })
    );
    assert_eq!(reports(&actions), [Transition::SignedOut]);
    assert_eq!(cascade.sign_out(1), []);
    assert_eq!(sure(&mut cascade, 2), []);
    assert_eq!(see(&mut cascade, Seen::Session { is_local: false }, 3), []);
    assert_eq!(cascade.standing(), Standing::SignedOut);
}

#[test]
fn an_expired_session_can_be_signed_out() {
    let mut cascade = signed_in();
    let _ = sure(&mut cascade, 0);
    assert_eq!(reports(&cascade.sign_out(1)), [Transition::SignedOut]);
}
