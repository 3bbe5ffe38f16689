//! Requests by `fetch`. Cookies are never sent: a session is a token, and goes to its own server only.

use futures_util::FutureExt;
use futures_util::future::{Either, LocalBoxFuture, select};
use gloo_net::http::{Method as GlooMethod, RequestBuilder, Response};
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, ReadableStreamDefaultReader, RequestCredentials, RequestRedirect};

use super::clock::Timer;
use crate::port::{
    ByteStream, Http, HttpRequest, HttpResponse, HttpStream, Method, TransportError,
};

/// The browser's `fetch`.
#[derive(Debug)]
pub struct Fetch;

impl Http for Fetch {
    fn send(
        &self,
        request: HttpRequest,
    ) -> LocalBoxFuture<'static, Result<HttpResponse, TransportError>> {
        async move {
            let abort = Abort::new();
            let timeout = request.timeout;
            let work = async {
                let response = open(&request, &abort).await?;
                // Not as a string of the browser's: a long one would be turned twice.
                let bytes = response.binary().await;
                Ok(HttpResponse {
                    status: response.status(),
                    retry_after: retry_after(&response),
                    body: text(bytes.map_err(|_| TransportError::Network)?),
                    redirected_to: response.redirected().then(|| response.url()),
                })
            };
            within(timeout, work).await
        }
        .boxed_local()
    }

    fn stream(
        &self,
        request: HttpRequest,
    ) -> LocalBoxFuture<'static, Result<HttpStream, TransportError>> {
        async move {
            let abort = Abort::new();
            let response = within(request.timeout, open(&request, &abort)).await?;
            let reader = response
                .body()
                .and_then(|body| {
                    body.get_reader()
                        .dyn_into::<ReadableStreamDefaultReader>()
                        .ok()
                })
                .ok_or(TransportError::Network)?;
            Ok(HttpStream {
                status: response.status(),
                retry_after: retry_after(&response),
                body: Box::new(Body {
                    reader,
                    _abort: abort,
                }),
            })
        }
        .boxed_local()
    }
}

/// As the browser reads it: without the mark of its order of bytes, and with marks where it is no UTF-8.
fn text(bytes: Vec<u8>) -> String {
    let bytes = match bytes.strip_prefix(b"\xEF\xBB\xBF") {
        Some(rest) => rest.to_vec(),
        None => bytes,
    };
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Ends its request when dropped: also when the task that waits for it is.
struct Abort(Option<AbortController>);

impl Abort {
    fn new() -> Self {
        Self(AbortController::new().ok())
    }
}

impl Drop for Abort {
    fn drop(&mut self) {
        if let Some(controller) = &self.0 {
            controller.abort();
        }
    }
}

async fn within<T>(
    timeout: Option<u32>,
    work: impl Future<Output = Result<T, TransportError>>,
) -> Result<T, TransportError> {
    let Some(timeout) = timeout else {
        return work.await;
    };
    futures_util::pin_mut!(work);
    match select(
        work,
        Timer::timeout(i32::try_from(timeout).unwrap_or(i32::MAX)),
    )
    .await
    {
        Either::Left((outcome, _)) => outcome,
        Either::Right(((), _)) => Err(TransportError::Timeout),
    }
}

async fn open(request: &HttpRequest, abort: &Abort) -> Result<Response, TransportError> {
    let method = match request.method {
        Method::Get => GlooMethod::GET,
        Method::Post => GlooMethod::POST,
        Method::Delete => GlooMethod::DELETE,
    };
    let signal = abort.0.as_ref().map(AbortController::signal);
    let mut builder = RequestBuilder::new(&request.url)
        .method(method)
        .credentials(RequestCredentials::Omit)
        .redirect(if request.refuse_redirects {
            RequestRedirect::Error
        } else {
            RequestRedirect::Follow
        })
        .cache(web_sys::RequestCache::NoStore)
        .abort_signal(signal.as_ref());
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    if let Some(bearer) = &request.bearer {
        builder = builder.header("authorization", &format!("Bearer {}", bearer.expose()));
    }
    let outcome = match &request.body {
        Some(body) => match builder.body(body.as_str()) {
            Ok(request) => request.send().await,
            Err(error) => Err(error),
        },
        None => builder.send().await,
    };
    // The error's text may hold the address: it is not looked at.
    outcome.map_err(|_| TransportError::Network)
}

/// `Retry-After` (RFC 9110 section 10.2.3) in milliseconds: seconds, or a date.
fn retry_after(response: &Response) -> Option<u64> {
    let text = response.headers().get("retry-after")?;
    if let Ok(seconds) = text.trim().parse::<u64>() {
        return seconds.checked_mul(1000);
    }
    let wait = js_sys::Date::parse(&text) - js_sys::Date::now();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast from f64 saturates"
    )]
    wait.is_finite().then(|| wait.max(0.0) as u64)
}

struct Body {
    reader: ReadableStreamDefaultReader,
    _abort: Abort,
}

impl ByteStream for Body {
    fn next(&mut self) -> LocalBoxFuture<'_, Option<Result<Vec<u8>, TransportError>>> {
        async {
            let Ok(piece) = JsFuture::from(self.reader.read()).await else {
                return Some(Err(TransportError::Network));
            };
            let field = |name: &str| Reflect::get(&piece, &JsValue::from_str(name)).ok();
            if field("done").is_none_or(|done| done.is_truthy()) {
                return None;
            }
            let bytes = field("value").and_then(|value| value.dyn_into::<Uint8Array>().ok());
            Some(
                bytes
                    .map(|bytes| bytes.to_vec())
                    .ok_or(TransportError::Network),
            )
        }
        .boxed_local()
    }
}
