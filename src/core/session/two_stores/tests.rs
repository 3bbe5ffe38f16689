#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;
use crate::core::server::registry::Provider;
use crate::core::session::machine::{Epoch, TokenVersion};

const KEY: &str = "enfilade/session/x";
const SEAL: Seal = Seal::new([7; 32]);

fn session(refresh: &str, version: u64) -> Session {
    let provider = Provider {
        id: "p".into(),
        title: "P".into(),
        server_url: "https://id.example".into(),
        client_id: "c".into(),
        scope: None,
    };
    let tokens = Tokens {
        // {"iss":"i","sub":"ann"}
        access: Secret::new("e30.eyJpc3MiOiJpIiwic3ViIjoiYW5uIn0.s".into()),
        refresh: Some(Secret::new(refresh.into())),
        id_token: Some(Secret::new("id".into())),
        expires_at: 1000,
        lifetime: 1000,
        holder: None,
    };
    Session {
        version: TokenVersion(version),
        ..Session::signed_in(Epoch(7), provider, tokens)
    }
}

fn copy(number: u64) -> Copy {
    Copy {
        number,
        session: session(&format!("refresh-{number}"), number),
        lacks_tokens: false,
        in_clear: false,
    }
}

fn signed_out(number: u64) -> Copy {
    Copy {
        number,
        session: Session::signed_out(Epoch(8)),
        lacks_tokens: false,
        in_clear: false,
    }
}

fn reference(number: u64) -> Copy {
    let text = numbered(&stored::encode_reference(&copy(number).session), number);
    read_durable(&text, KEY, None).unwrap()
}

fn marked(number: u64) -> Copy {
    read_durable(&marker(number), KEY, None).unwrap()
}

/// What is used (`durable`, or the number of the keychain's copy), and the repair.
fn weighed(durable: Option<&Copy>, keychain: &Keychain) -> (Option<u64>, Repair) {
    let verdict = weigh(durable, keychain);
    let number = verdict.from_keychain.map(|session| session.version.0);
    (number, verdict.repair)
}

#[test]
fn the_newest_copy_counts_and_the_other_is_put_right() {
    let holds = |number| Keychain::Holds(Box::new(copy(number)));
    let durable = copy(5);
    let at = |keychain: &Keychain| weighed(Some(&durable), keychain);
    assert_eq!(at(&holds(4)), (None, Repair::StoreInKeychain), "L01");
    assert_eq!(at(&holds(5)), (None, Repair::Nothing));
    assert_eq!(at(&holds(6)), (Some(6), Repair::WriteDurable));
    assert_eq!(at(&Keychain::Empty), (None, Repair::StoreInKeychain));
    assert_eq!(at(&Keychain::Silent), (None, Repair::StoreInKeychain));
    assert_eq!(at(&Keychain::Unreadable), (None, Repair::StoreInKeychain));
}

#[test]
fn a_sign_out_is_never_undone_by_what_the_keychain_still_holds() {
    for held in [3, 4, 5] {
        let keychain = Keychain::Holds(Box::new(copy(held)));
        let expected = (None, Repair::ClearKeychain);
        assert_eq!(weighed(Some(&signed_out(5)), &keychain), expected, "{held}");
        assert_eq!(weighed(None, &keychain), expected, "nothing durable");
    }
    let out = signed_out(5);
    let at = |keychain| weighed(Some(&out), &keychain).1;
    assert_eq!(at(Keychain::Silent), Repair::ClearKeychain, "tried again");
    assert_eq!(at(Keychain::Unreadable), Repair::ClearKeychain);
    assert_eq!(at(Keychain::Empty), Repair::Nothing, "L02: confirmed");
}

#[test]
fn a_reference_is_filled_by_the_very_copy_it_stands_for() {
    for durable in [reference(5), marked(5)] {
        let at = |keychain: Keychain| weighed(Some(&durable), &keychain);
        assert!(durable.lacks_tokens && durable.session.tokens().is_none());
        assert_eq!(
            at(Keychain::Holds(Box::new(copy(5)))),
            (Some(5), Repair::WriteDurable)
        );
        assert_eq!(
            at(Keychain::Holds(Box::new(copy(6)))),
            (Some(6), Repair::WriteDurable)
        );
        assert_eq!(
            at(Keychain::Holds(Box::new(copy(4)))),
            (None, Repair::ClearKeychain),
            "an older token is not used, though there is no other"
        );
        assert_eq!(at(Keychain::Empty), (None, Repair::Nothing), "K13");
        assert_eq!(at(Keychain::Silent), (None, Repair::Nothing));
    }
}

#[test]
fn a_number_is_read_past_by_everybody_else_and_survives() {
    let plain = stored::encode(&session("refresh-0", 0), KEY, Some(&SEAL), [1; 16]);
    let text = numbered(&plain, 17);
    assert_eq!(number(&text), (17, false));
    assert_eq!(
        stored::decode(&text, KEY, Some(&SEAL)),
        stored::decode(&plain, KEY, Some(&SEAL))
    );
    assert_eq!(number(&plain), (0, false));
    for odd in ["", "7", "[]", r#"{"n":"1"}"#, r#"{"n":-1}"#] {
        assert_eq!(number(odd), (0, false), "{odd}");
    }
    assert_eq!(number(&marker(18)), (18, true));
}

#[test]
fn a_marker_is_no_longer_than_any_record() {
    let nobody = stored::encode_reference(&Session::signed_out(Epoch(0)));
    for number in [1, 1_800_000_000_000] {
        assert!(marker(number).len() <= numbered(&nobody, number).len());
    }
}

#[test]
fn a_reference_holds_no_token() {
    let text = stored::encode_reference(&session("refresh-0", 3));
    assert!(
        !text.contains("refresh-0") && !text.contains("e30."),
        "{text}"
    );
    let read = stored::decode(&text, KEY, Some(&SEAL)).unwrap().session;
    assert_eq!(read.expiry(), Some(ExpiryReason::Sealed));
    assert_eq!(read.user(), session("r", 0).user());
}

#[test]
fn what_the_keychain_holds_is_read_back_and_what_is_no_record_is_told() {
    let kept = session("refresh-0", 3);
    let text = for_keychain(&kept, KEY, 9).unwrap();
    let Keychain::Holds(copy) = read_keychain(Some(&text), KEY) else {
        panic!("{text}");
    };
    assert_eq!((copy.number, copy.session), (9, kept));
    assert_eq!(read_keychain(None, KEY), Keychain::Empty);
    for odd in ["x", "{}", "null", &marker(3)] {
        assert_eq!(read_keychain(Some(odd), KEY), Keychain::Unreadable, "{odd}");
    }
    assert_eq!(
        for_keychain(&Session::signed_out(Epoch(1)), KEY, 9),
        None,
        "there is nothing to keep"
    );
}

#[test]
fn a_long_session_leaves_its_refresh_token_in_the_keychain_and_its_user() {
    let long = |access: usize, id: usize| {
        let mut kept = session("refresh-0", 3);
        if let SessionState::Active { tokens, .. } = &mut kept.state {
            let access = format!("{}{}", tokens.access.expose(), "x".repeat(access));
            tokens.access = Secret::new(access);
            tokens.id_token = Some(Secret::new("i".repeat(id)));
        }
        kept
    };
    for (access, id, has_access) in [(0, 3000, true), (3000, 10, false), (3000, 3000, false)] {
        let kept = long(access, id);
        let text = for_keychain(&kept, KEY, 9).unwrap();
        assert!(text.len() <= LONGEST, "{}", text.len());
        let Keychain::Holds(copy) = read_keychain(Some(&text), KEY) else {
            panic!("{text}");
        };
        let tokens = copy.session.tokens().unwrap();
        assert_eq!(
            tokens.refresh,
            kept.tokens().and_then(|own| own.refresh.clone())
        );
        assert_eq!(tokens.user(), kept.user().unwrap());
        assert_eq!(tokens.is_dead(1), !has_access, "renewed before it is used");
    }
}

#[test]
fn until_both_have_answered_no_token_is_to_be_had() {
    let veiled = veiled(session("refresh-0", 3));
    assert!(veiled.tokens().is_none() && veiled.user() == session("r", 0).user());
    assert!(veiled.yields_to(&session("refresh-0", 3)));
    let out = Session::signed_out(Epoch(8));
    assert_eq!(super::veiled(out.clone()), out);
}
