//! Any text as what a JSON-RPC server answers: no panic, bounded work, and only the error of a method can be sure of an end.
#![no_main]

use enfilade::core::rpc::classify::{
    Certainty, Failure, LOOKED_AT, Origin, RpcErrorKind, classify, work,
};
use enfilade::core::rpc::envelope::read;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, &str)| {
    let (status, text) = input;
    let _ = read(status, text, 1);
    assert!(work(text) <= text.len().min(LOOKED_AT) * 40);
    for origin in [Origin::Handler, Origin::Door, Origin::Stream, Origin::Here] {
        let failure = Failure {
            status: Some(status),
            ..Failure::said(origin, text)
        };
        let is_sure = classify(&failure) == RpcErrorKind::AuthExpired(Certainty::Confirmed);
        assert!(!is_sure || origin == Origin::Handler);
    }
});
