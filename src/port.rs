//! One trait for each effect. `web` implements them for a browser, the tests of `state` for a script.

use std::fmt;
use std::sync::{Arc, OnceLock};

use futures_util::future::LocalBoxFuture;

use crate::core::error::ApiError;
use crate::core::seal::Seal;
use crate::core::secret::Secret;

/// HTTP methods in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET
    Get,
    /// POST
    Post,
    /// DELETE
    Delete,
}

/// One request, with everything that is to be sent.
#[derive(Clone, PartialEq)]
pub struct HttpRequest {
    /// Method.
    pub method: Method,
    /// Absolute address, or a path of this page's own origin.
    pub url: String,
    /// Headers, the bearer aside.
    pub headers: Vec<(&'static str, String)>,
    /// Sent as `Authorization: Bearer …`.
    pub bearer: Option<Secret<String>>,
    /// Body, with its content type among the headers.
    pub body: Option<String>,
    /// Given up after this many milliseconds without a full answer; `None`: never.
    pub timeout: Option<u32>,
    /// Whether a redirect is an error: what carries a token must not be carried elsewhere.
    pub refuse_redirects: bool,
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The body may hold a refresh token, or what a person wrote.
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// A whole answer.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After` in milliseconds, where it was given and readable.
    pub retry_after: Option<u64>,
    /// Body as text.
    pub body: String,
    /// Where the answer comes from in the end, where the request was redirected: an absolute address.
    pub redirected_to: Option<String>,
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The body may hold tokens, or somebody's conversation.
        f.debug_struct("HttpResponse")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// An answer whose body is still coming; dropping it ends the request.
pub struct HttpStream {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After` in milliseconds.
    pub retry_after: Option<u64>,
    /// The body.
    pub body: Box<dyn ByteStream>,
}

impl fmt::Debug for HttpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpStream")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// Bytes as they come.
pub trait ByteStream {
    /// The next piece; `None` at a clean end.
    fn next(&mut self) -> LocalBoxFuture<'_, Option<Result<Vec<u8>, TransportError>>>;
}

/// Why no answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// Nothing came back; a browser does not say why.
    #[error("no connection")]
    Network,
    /// Nothing came back in time.
    #[error("no answer in time")]
    Timeout,
}

impl From<TransportError> for ApiError {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::Network => Self::Network,
            TransportError::Timeout => Self::Timeout,
        }
    }
}

/// Sends requests.
pub trait Http: Send + Sync {
    /// Sends and reads the whole answer.
    fn send(
        &self,
        request: HttpRequest,
    ) -> LocalBoxFuture<'static, Result<HttpResponse, TransportError>>;
    /// Sends and hands over the body as it comes.
    fn stream(
        &self,
        request: HttpRequest,
    ) -> LocalBoxFuture<'static, Result<HttpStream, TransportError>>;
}

/// Why something could not be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// There is no storage, or it is forbidden.
    #[error("storage is not available")]
    Unavailable,
    /// There is no room left.
    #[error("storage is full")]
    Full,
}

/// Keeps texts under keys, over restarts.
pub trait Store: Send + Sync {
    /// Reads.
    ///
    /// # Errors
    /// [`StoreError`]
    fn get(&self, key: &str) -> Result<Option<String>, StoreError>;
    /// Writes.
    ///
    /// # Errors
    /// [`StoreError`]
    fn set(&self, key: &str, value: &str) -> Result<(), StoreError>;
    /// Forgets.
    ///
    /// # Errors
    /// [`StoreError`]
    fn remove(&self, key: &str) -> Result<(), StoreError>;
    /// All keys that begin so.
    ///
    /// # Errors
    /// [`StoreError`]
    fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError>;
}

/// Time.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970, by the wall clock.
    fn now(&self) -> i64;
    /// Done after this many milliseconds, or later where the page sleeps.
    fn sleep(&self, milliseconds: u32) -> LocalBoxFuture<'static, ()>;
    /// Done when the next frame is painted, or soon where the page is hidden; in the order in which it was asked for.
    fn frame(&self) -> LocalBoxFuture<'static, ()>;
}

/// Randomness that nobody can guess.
pub trait Random: Send + Sync {
    /// 128 random bits.
    fn bytes(&self) -> [u8; 16];
}

/// Why a lock is not held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotLocked {
    /// Locks are missing here.
    Missing,
    /// It was not granted in time.
    Late,
}

/// Mutual exclusion between the tabs of one browser.
pub trait Lock: Send + Sync {
    /// Waits up to `timeout` milliseconds until the name is free, and holds it until the guard is dropped.
    fn acquire(
        &self,
        name: String,
        timeout: u32,
    ) -> LocalBoxFuture<'static, Result<Box<dyn LockGuard>, NotLocked>>;
}

/// Keeps the key to what is stored, so that storage alone gives nothing away.
pub trait Vault: Send + Sync {
    /// The key of this browser profile, the same one every time; `None` where it cannot keep one.
    fn key(&self) -> LocalBoxFuture<'static, Option<Seal>>;
}

/// Holds a lock until dropped, and a moment longer where what was written needs that to reach other tabs.
pub trait LockGuard {
    /// No moment longer: the page is about to be left, and must not take the lock with it.
    fn at_once(&mut self) {}
}

/// Where the person is and goes.
pub trait Navigator: Send + Sync {
    /// Origin of this page and the folder it is served from, without a trailing slash.
    fn base(&self) -> (String, String);
    /// Goes to a place of the app; `replace` leaves no step back.
    fn go(&self, path: &str, replace: bool);
    /// Leaves the app for another address. Nothing after it counts.
    fn leave(&self, url: &str);
    /// Whether the browser believes to be online.
    fn online(&self) -> bool;
}

/// Whether the person lets the app tell them things outside its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Not asked yet.
    Unasked,
    /// Yes.
    Granted,
    /// No, or there is no way to tell.
    Denied,
}

/// What the page can do for the person in front of it. Only rooms need it, so it comes with their part of the app.
pub trait Desk: Send + Sync {
    /// The time zone, by its IANA name.
    fn zone(&self) -> String;
    /// How far its clock is ahead of UTC now, in minutes.
    fn offset(&self) -> i32;
    /// The text that is selected in the page.
    fn selection(&self) -> Option<String>;
    /// The text on the clipboard; an error where the browser or the person refuses.
    fn clipboard(&self) -> LocalBoxFuture<'static, Result<String, ()>>;
    /// Whether nobody can see the page.
    fn is_hidden(&self) -> bool;
    /// Whether the person lets the app notify them.
    fn permission(&self) -> Permission;
    /// Asks whether the app may notify them; only ever after a press.
    fn ask_permission(&self) -> LocalBoxFuture<'static, Permission>;
    /// Tells them outside the page; a press on it brings the page up and `on_press` is called. `tag` replaces an older notice of the same tag.
    fn notify(&self, title: &str, body: &str, tag: &str, on_press: Box<dyn Fn()>);
    /// Tells the other tabs of this browser that have a room open.
    fn tell_tabs(&self, word: &str);
    /// Hears what they tell, for as long as `heard` says that it still listens.
    fn hear_tabs(&self, heard: Box<dyn Fn(&str) -> bool>);
    /// Says how many threads of a place want the person; the sum of all places stands before the title of the page.
    fn badge(&self, place: &str, count: usize);
}

/// Whether this build may find a desktop shell around its page. Natively always, so that tests reach what belongs to it;
/// of the web build nothing of that is left.
pub const SHELL: bool = cfg!(any(feature = "desktop", not(target_arch = "wasm32")));

/// What a command of the shell came to: its answer as JSON, `None` where it answered with nothing at all; or what it was
/// refused with, a text or JSON.
pub type ShellAnswer = Result<Option<String>, String>;

/// The desktop shell around the page. What its answers mean is read in `api::shell`; nothing here waits for a limit.
pub trait Shell: Send + Sync {
    /// Calls a command with these arguments, a JSON object.
    fn invoke(&self, command: &'static str, args: String) -> LocalBoxFuture<'static, ShellAnswer>;
    /// Hears the links of the app (`enfilade://…`) that are opened elsewhere on this machine.
    fn hear_links(&self, heard: Box<dyn Fn(String)>);
    /// Hears presses on links that lead out of the app (http or https); the page does nothing about them then.
    fn hear_outward(&self, heard: Box<dyn Fn(String)>);
}

/// Something that is there in a shell only. In a build for the web it holds nothing, takes no room, and the code behind
/// [`InShell::get`] is left out.
#[derive(Debug, Clone)]
pub struct InShell<T> {
    #[cfg(any(feature = "desktop", not(target_arch = "wasm32")))]
    inner: Option<T>,
    #[cfg(any(feature = "desktop", not(target_arch = "wasm32")))]
    is_expected: bool,
    #[cfg(not(any(feature = "desktop", not(target_arch = "wasm32"))))]
    inner: std::marker::PhantomData<T>,
}

impl<T> Default for InShell<T> {
    fn default() -> Self {
        Self {
            inner: Default::default(),
            #[cfg(any(feature = "desktop", not(target_arch = "wasm32")))]
            is_expected: false,
        }
    }
}

impl<T> InShell<T> {
    /// What was found in a page that is made for a shell; its bridge may be missing all the same.
    #[must_use]
    #[cfg(any(feature = "desktop", not(target_arch = "wasm32")))]
    pub fn new(inner: Option<T>) -> Self {
        Self {
            inner,
            is_expected: true,
        }
    }

    /// Whether the page is made for a shell, though there may be none.
    #[must_use]
    #[inline]
    pub fn is_expected(&self) -> bool {
        #[cfg(any(feature = "desktop", not(target_arch = "wasm32")))]
        return self.is_expected;
        #[cfg(not(any(feature = "desktop", not(target_arch = "wasm32"))))]
        false
    }

    /// What is made of it, where it is there.
    #[must_use]
    pub fn map<U>(&self, make: impl FnOnce(&T) -> U) -> InShell<U> {
        #[cfg(any(feature = "desktop", not(target_arch = "wasm32")))]
        return InShell {
            inner: self.inner.as_ref().map(make),
            is_expected: self.is_expected,
        };
        #[cfg(not(any(feature = "desktop", not(target_arch = "wasm32"))))]
        {
            let _ = make;
            InShell::default()
        }
    }

    /// It, where there is a shell.
    #[must_use]
    #[inline]
    pub fn get(&self) -> Option<&T> {
        #[cfg(any(feature = "desktop", not(target_arch = "wasm32")))]
        return self.inner.as_ref();
        #[cfg(not(any(feature = "desktop", not(target_arch = "wasm32"))))]
        None
    }
}

/// Holds the [`Desk`] once the part that needs it is there.
#[derive(Clone, Default)]
pub struct DeskSlot(Arc<OnceLock<Arc<dyn Desk>>>);

impl DeskSlot {
    /// Puts it in; the first one stays.
    pub fn install(&self, desk: Arc<dyn Desk>) {
        let _ = self.0.set(desk);
    }

    /// The desk, if it is there.
    #[must_use]
    pub fn get(&self) -> Option<&Arc<dyn Desk>> {
        self.0.get()
    }
}

/// Every effect, as one value.
#[derive(Clone)]
pub struct Ports {
    /// Requests.
    pub http: Arc<dyn Http>,
    /// Storage.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// Locks.
    pub lock: Arc<dyn Lock>,
    /// The key to what is stored.
    pub vault: Arc<dyn Vault>,
    /// Places.
    pub navigator: Arc<dyn Navigator>,
    /// The page, for those who are in a room.
    pub desk: DeskSlot,
    /// The desktop shell, where there is one.
    pub shell: InShell<Arc<dyn Shell>>,
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ports")
    }
}
