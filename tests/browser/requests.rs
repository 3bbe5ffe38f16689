//! Requests by a real `fetch`, and where a server would be needed by one that a test puts in its place.

use enfilade::core::secret::Secret;
use enfilade::port::{Clock, Http, HttpRequest, Method, TransportError};
use enfilade::web::clock::BrowserClock;
use enfilade::web::fetch::Fetch;
use futures_util::FutureExt;
use js_sys::{Array, Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Blob, Request, Url, Window};

use crate::page::until;

fn get(url: &str) -> HttpRequest {
    HttpRequest {
        method: Method::Get,
        url: url.to_owned(),
        headers: Vec::new(),
        bearer: None,
        body: None,
        timeout: Some(10_000),
        refuse_redirects: false,
    }
}

/// The address of some bytes, which the browser serves itself; taken back when dropped.
struct Served(String);

impl Served {
    fn text(text: &str) -> Self {
        let blob = Blob::new_with_str_sequence(&Array::of1(&text.into())).unwrap();
        Self(Url::create_object_url_with_blob(&blob).unwrap())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        Url::revoke_object_url(&self.0).unwrap();
    }
}

thread_local! {
    static OWN: JsValue = Reflect::get(&page(), &"fetch".into()).unwrap();
}

fn page() -> Window {
    web_sys::window().unwrap()
}

/// The browser's own `fetch`, also after a test that failed and so ran no `drop`.
fn real_fetch() {
    OWN.with(|own| Reflect::set(&page(), &"fetch".into(), own).unwrap());
}

/// Another `fetch` for the page, until it is dropped.
struct Replaced;

impl Replaced {
    /// `body` is the body of a JavaScript function of the `Request`, which is kept.
    fn by(body: &str) -> Self {
        real_fetch();
        let text = format!("window.testRequest = request; {body}");
        let other = Function::new_with_args("request", &text);
        Reflect::set(&page(), &"fetch".into(), &other).unwrap();
        Self
    }

    fn request(&self) -> Request {
        Reflect::get(&page(), &"testRequest".into())
            .unwrap()
            .dyn_into()
            .expect("a request was sent")
    }

    /// Whether the request was ended by the page.
    fn is_aborted(&self) -> bool {
        self.request().signal().aborted()
    }
}

impl Drop for Replaced {
    fn drop(&mut self) {
        real_fetch();
        Reflect::delete_property(&page(), &"testRequest".into()).unwrap();
    }
}

/// Never answers, unless it is ended.
const SILENCE: &str = "return new Promise((_, reject) => request.signal.addEventListener('abort', () => reject(request.signal.reason)));";
/// Answers, sends two bytes and goes silent.
const ENDLESS: &str = "return Promise.resolve(new Response(new ReadableStream({ start(out) {
    out.enqueue(new Uint8Array([1, 2]));
    request.signal.addEventListener('abort', () => out.error(request.signal.reason));
} }), { status: 207 }));";

#[wasm_bindgen_test]
async fn a_whole_answer_is_read_as_text() {
    real_fetch();
    let served = Served::text("{\"ok\":\"ja ✓\"}");
    let answer = Fetch.send(get(&served.0)).await.unwrap();
    assert_eq!((answer.status, answer.retry_after), (200, None));
    assert_eq!(answer.body, "{\"ok\":\"ja ✓\"}");
    let page = Fetch.send(get("/")).await.unwrap();
    assert_eq!(page.status, 200, "a path of this page's own origin");
    assert!(page.body.contains("<html"), "{}", page.body);
}

#[wasm_bindgen_test]
async fn bytes_that_are_no_text_do_not_hide_the_status() {
    let _fetch = Replaced::by(
        "return Promise.resolve(new Response(new Uint8Array([255, 254, 65]), { status: 500 }));",
    );
    let answer = Fetch.send(get("https://a.example/")).await.unwrap();
    assert_eq!(answer.status, 500);
    assert!(answer.body.ends_with('A'), "what can be read is read");
}

#[wasm_bindgen_test]
async fn a_connection_that_is_refused_is_no_connection() {
    real_fetch();
    for url in [
        "http://127.0.0.1:9/",
        "http://127.0.0.1:65535/",
        "blob:gone",
    ] {
        assert_eq!(
            Fetch.send(get(url)).await,
            Err(TransportError::Network),
            "{url}"
        );
        assert_eq!(
            Fetch.stream(get(url)).await.unwrap_err(),
            TransportError::Network,
            "{url}"
        );
    }
}

#[wasm_bindgen_test]
async fn a_stream_brings_every_byte_and_then_its_end() {
    real_fetch();
    let text = "data: ✓\n\n".repeat(400_000);
    let served = Served::text(&text);
    let mut stream = Fetch.stream(get(&served.0)).await.unwrap();
    assert_eq!(stream.status, 200);
    let (mut bytes, mut pieces) = (Vec::new(), 0);
    while let Some(piece) = stream.body.next().await {
        bytes.extend(piece.unwrap());
        pieces += 1;
    }
    assert!(pieces > 1, "it comes piece by piece");
    assert_eq!(bytes.len(), text.len());
    assert!(bytes == text.into_bytes());
    assert!(stream.body.next().await.is_none(), "the end stays the end");
}

#[wasm_bindgen_test]
async fn a_stream_that_is_dropped_ends_its_request() {
    let fetch = Replaced::by(ENDLESS);
    let mut stream = Fetch.stream(get("https://a.example/")).await.unwrap();
    assert_eq!(stream.status, 207);
    assert_eq!(stream.body.next().await, Some(Ok(vec![1, 2])));
    assert!(
        stream.body.next().now_or_never().is_none(),
        "there is more to come"
    );
    assert!(!fetch.is_aborted());
    drop(stream);
    until("the end of the request", || {
        fetch.is_aborted().then_some(())
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_request_that_nobody_waits_for_any_more_is_ended() {
    let fetch = Replaced::by(SILENCE);
    let mut request = Fetch.send(get("https://a.example/"));
    assert!((&mut request).now_or_never().is_none());
    assert!(!fetch.is_aborted());
    drop(request);
    assert!(fetch.is_aborted());
}

#[wasm_bindgen_test]
async fn a_server_that_is_silent_for_too_long_is_given_up() {
    let fetch = Replaced::by(SILENCE);
    let brief = || HttpRequest {
        timeout: Some(30),
        ..get("https://a.example/")
    };
    assert_eq!(Fetch.send(brief()).await, Err(TransportError::Timeout));
    assert!(fetch.is_aborted());
    assert_eq!(
        Fetch.stream(brief()).await.unwrap_err(),
        TransportError::Timeout
    );
    assert!(fetch.is_aborted());
}

#[wasm_bindgen_test]
async fn a_body_that_stops_half_way_is_given_up_by_send_but_not_by_stream() {
    let _fetch = Replaced::by(ENDLESS);
    let brief = || HttpRequest {
        timeout: Some(30),
        ..get("https://a.example/")
    };
    assert_eq!(Fetch.send(brief()).await, Err(TransportError::Timeout));
    let mut stream = Fetch.stream(brief()).await.unwrap();
    assert_eq!(stream.body.next().await, Some(Ok(vec![1, 2])));
    let silent = stream.body.next();
    let waited = futures_util::future::select(silent, BrowserClock.sleep(80)).await;
    assert!(
        matches!(waited, futures_util::future::Either::Right(_)),
        "an answer may take as long as it takes"
    );
}

#[wasm_bindgen_test]
async fn a_request_carries_its_token_but_no_cookie_and_follows_only_where_it_may() {
    let fetch = Replaced::by("return Promise.resolve(new Response(''));");
    let request = HttpRequest {
        method: Method::Post,
        headers: vec![("content-type", "application/json".to_owned())],
        bearer: Some(Secret::new("abc".to_owned())),
        body: Some("{}".to_owned()),
        refuse_redirects: true,
        ..get("https://a.example/api")
    };
    Fetch.send(request).await.unwrap();
    let sent = fetch.request();
    assert_eq!(
        (sent.method(), sent.url()),
        ("POST".to_owned(), "https://a.example/api".to_owned())
    );
    assert_eq!(
        sent.headers().get("authorization").unwrap().as_deref(),
        Some("Bearer abc")
    );
    assert_eq!(
        sent.headers().get("content-type").unwrap().as_deref(),
        Some("application/json")
    );
    assert_eq!(sent.credentials(), web_sys::RequestCredentials::Omit);
    assert_eq!(sent.redirect(), web_sys::RequestRedirect::Error);
    assert_eq!(sent.cache(), web_sys::RequestCache::NoStore);
    Fetch.send(get("https://a.example/")).await.unwrap();
    let sent = fetch.request();
    assert_eq!(sent.headers().get("authorization").unwrap(), None);
    assert_eq!(sent.redirect(), web_sys::RequestRedirect::Follow);
}

#[wasm_bindgen_test]
async fn a_server_says_in_seconds_or_by_a_date_when_to_come_back() {
    let waits = [
        ("7", Some(7_000)),
        ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
        ("soon", None),
    ];
    for (said, wait) in waits {
        let body = format!(
            "return Promise.resolve(new Response('later', {{ status: 429, headers: {{ 'retry-after': '{said}' }} }}));"
        );
        let _fetch = Replaced::by(&body);
        let answer = Fetch.send(get("https://a.example/")).await.unwrap();
        assert_eq!((answer.status, answer.retry_after), (429, wait), "{said}");
        assert_eq!(answer.body, "later");
        let stream = Fetch.stream(get("https://a.example/")).await.unwrap();
        assert_eq!((stream.status, stream.retry_after), (429, wait), "{said}");
    }
}
