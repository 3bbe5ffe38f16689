//! Where the system browser comes back to after a sign-in (RFC 8252, section 7.3): one listener on a random port of
//! this machine for one flow, gone after its answer, after ten minutes, or when it is no longer wanted.
//!
//! A provider may put its answer into the fragment, which no server sees. So the page that is served hands both query
//! and fragment over, to the origin that it came from.

mod http;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::time::{sleep, timeout};

use crate::failure::{Failure, Outcome};

/// A person may have to look for a password.
pub const LIMIT: Duration = Duration::from_secs(600);
/// The answer stays for a page that was reloaded while it waited.
const KEPT: Duration = Duration::from_secs(60);
/// Sign-ins that a person may have open at one time; the oldest ends first.
const MOST: usize = 4;

/// Where the browser is to come back to.
#[derive(Debug, Serialize)]
pub struct Begun {
    /// `http://127.0.0.1:PORT/FLOW`
    pub address: String,
}

/// What the browser came back with. It has no `Debug` that would show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Query of the address, with its `?`.
    pub query: String,
    /// Fragment of the address, with its `#`.
    pub fragment: String,
}

impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Answer(…)")
    }
}

/// How waiting ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Waited {
    /// The browser came back.
    Answered(Answer),
    /// Nobody will come back any more.
    Ended {
        /// Always true.
        ended: bool,
    },
}

/// The flow is no longer listened for.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Ended {
    ended: bool,
}

struct Flow {
    number: u64,
    answer: watch::Receiver<Option<Answer>>,
    /// Dropping it ends the listener.
    _wanted: oneshot::Sender<()>,
}

#[derive(Default)]
struct Flows {
    count: u64,
    open: HashMap<String, Flow>,
}

/// The sign-ins under way.
#[derive(Default)]
pub struct SignIns(Mutex<Flows>);

impl SignIns {
    /// Listens for `flow`; a listener it had before ends.
    pub async fn begin(&self, flow: String) -> Outcome<Begun> {
        check(&flow)?;
        let cannot =
            |error| Failure::failed(format!("this machine gives no port to listen on: {error}"));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(cannot)?;
        let port = listener.local_addr().map_err(cannot)?.port();
        let address = format!("http://127.0.0.1:{port}/{flow}");
        let (tell, answer) = watch::channel(None);
        let (wanted, unwanted) = oneshot::channel();
        tokio::spawn(listen(
            listener,
            http::Place::new(port, &flow),
            tell,
            unwanted,
        ));
        self.keep(flow, answer, wanted);
        Ok(Begun { address })
    }

    fn keep(
        &self,
        flow: String,
        answer: watch::Receiver<Option<Answer>>,
        wanted: oneshot::Sender<()>,
    ) {
        let mut flows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        flows.count += 1;
        let number = flows.count;
        flows.open.insert(
            flow,
            Flow {
                number,
                answer,
                _wanted: wanted,
            },
        );
        // A closed channel without an answer is a flow that has ended.
        flows
            .open
            .retain(|_, flow| flow.answer.has_changed().is_ok());
        while flows.open.len() > MOST {
            let oldest = flows.open.iter().min_by_key(|(_, flow)| flow.number);
            let Some(name) = oldest.map(|(name, _)| name.clone()) else {
                return;
            };
            flows.open.remove(&name);
        }
    }

    /// Waits until the browser comes back for `flow`, or nobody listens for it any more. It can be asked again.
    pub async fn wait(&self, flow: &str) -> Waited {
        const ENDED: Waited = Waited::Ended { ended: true };
        let answer = {
            let flows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            flows.open.get(flow).map(|flow| flow.answer.clone())
        };
        let Some(mut answer) = answer else {
            return ENDED;
        };
        let answered = answer
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|answer| answer.clone());
        answered.map_or(ENDED, Waited::Answered)
    }

    /// Listens no longer for `flow`.
    pub fn end(&self, flow: &str) -> Ended {
        let mut flows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        flows.open.remove(flow);
        Ended { ended: true }
    }
}

/// Serves until the answer is there, and keeps that for a while.
async fn listen(
    listener: TcpListener,
    place: http::Place,
    tell: watch::Sender<Option<Answer>>,
    unwanted: oneshot::Receiver<()>,
) {
    let answered = async {
        // An error is a flow that ran out of time.
        let Ok(answer) = timeout(LIMIT, http::serve(listener, place)).await else {
            return;
        };
        tell.send_replace(Some(answer));
        sleep(KEPT).await;
    };
    tokio::select! {
        () = answered => {}
        _ = unwanted => {}
    }
}

/// A flow id is part of an address and must not be guessed.
fn check(flow: &str) -> Outcome<()> {
    let is_plain = flow
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if is_plain && (16..=128).contains(&flow.len()) {
        Ok(())
    } else {
        Err(Failure::failed(
            "a flow id has 16 to 128 letters and digits",
        ))
    }
}

#[cfg(test)]
#[path = "sign_in/tests.rs"]
mod tests;
