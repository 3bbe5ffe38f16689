//! The bridge to a shell, as a page finds it (with the feature `desktop`): it passes on what comes back, and nothing that comes back breaks it.

use enfilade::web::shell::find;
use js_sys::{Function, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

const BRIDGE: &str = "__TAURI_INTERNALS__";

fn set(bridge: &JsValue) {
    let window: JsValue = web_sys::window().unwrap().into();
    Reflect::set(&window, &BRIDGE.into(), bridge).unwrap();
}

/// A bridge whose `invoke` has this body.
fn install(body: &str) {
    let bridge = js_sys::Object::new();
    let invoke = Function::new_with_args("command, args", body);
    Reflect::set(&bridge, &"invoke".into(), &invoke).unwrap();
    set(&bridge);
}

#[wasm_bindgen_test]
async fn what_a_bridge_answers_is_passed_on_as_it_is() {
    for (body, answer) in [
        (
            "return Promise.resolve({ echo: [command, args.server] })",
            Ok(Some(r#"{"echo":["load_refresh_token","s"]}"#)),
        ),
        ("return { at: 'once' }", Ok(Some(r#"{"at":"once"}"#))),
        ("return Promise.resolve(undefined)", Ok(None)),
        ("", Ok(None)),
        ("return Promise.resolve(null)", Ok(Some("null"))),
        ("return Promise.resolve('')", Ok(Some(r#""""#))),
        (
            "return Promise.reject('Command x not found')",
            Err("Command x not found"),
        ),
        (
            "return Promise.reject({ kind: 'locked' })",
            Err(r#"{"kind":"locked"}"#),
        ),
        ("throw 'no'", Err("no")),
        ("throw new Error('no')", Err("{}")),
    ] {
        install(body);
        let shell = find().expect("a bridge");
        let came = shell
            .invoke("load_refresh_token", r#"{"server":"s"}"#.to_owned())
            .await;
        let answer = answer
            .map(|text| text.map(str::to_owned))
            .map_err(str::to_owned);
        assert_eq!(came, answer, "{body}");
        // It may go while the page is there.
        set(&js_sys::Object::new());
        assert!(
            shell
                .invoke("load_refresh_token", "{}".to_owned())
                .await
                .is_err()
        );
    }
    set(&JsValue::UNDEFINED);
}

#[wasm_bindgen_test]
fn a_page_without_a_bridge_or_with_half_of_one_is_in_no_shell() {
    for bridge in [
        JsValue::UNDEFINED,
        JsValue::NULL,
        js_sys::Object::new().into(),
        "x".into(),
    ] {
        set(&bridge);
        assert!(find().is_none(), "{bridge:?}");
    }
    set(&JsValue::UNDEFINED);
}
