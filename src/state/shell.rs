//! What there is in a desktop shell only: its keychain, the server it brings along, and the way to the person's browser.

pub mod browser;
mod desk;
pub mod keychain;
pub mod sidecar;

use std::sync::{Arc, Mutex};

use futures_util::future::{Either, select};

use self::browser::Browser;
use self::keychain::Books;
use self::sidecar::Sidecar;
use crate::api::shell::{self, Call, Failure};
use crate::port::{Clock, Ports, Shell, ShellAnswer};

/// Whether this build knows shells at all; what is asked only then is left out of the others.
pub const IS_BUILT: bool = crate::port::SHELL;

/// The shell around the page. Clones share it.
#[derive(Clone)]
pub struct Desktop(Arc<Inner>);

struct Inner {
    shell: Arc<dyn Shell>,
    clock: Arc<dyn Clock>,
    books: Mutex<Books>,
    sidecar: Mutex<Sidecar>,
    browser: Mutex<Browser>,
}

impl std::fmt::Debug for Desktop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Desktop")
    }
}

impl Desktop {
    /// Everything on top of this shell.
    #[must_use]
    pub fn new(shell: &Arc<dyn Shell>, ports: &Ports) -> Self {
        Self(Arc::new(Inner {
            shell: shell.clone(),
            clock: ports.clock.clone(),
            books: Mutex::default(),
            sidecar: Mutex::default(),
            browser: Mutex::default(),
        }))
    }

    pub(in crate::state) fn shell(&self) -> &Arc<dyn Shell> {
        &self.0.shell
    }

    /// The link that the app was opened with.
    pub(in crate::state) async fn take_link(&self) -> Option<String> {
        let link = self.call(shell::take_link(), shell::read_link).await;
        link.ok().flatten()
    }

    /// Calls a command. What does not answer in time has failed, whatever comes later.
    async fn call<T>(
        &self,
        call: Call,
        read: fn(ShellAnswer) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let command = call.command;
        let answer = self.0.shell.invoke(command, call.args);
        let outcome = match call.limit {
            None => read(answer.await),
            Some(limit) => match select(answer, self.0.clock.sleep(limit)).await {
                Either::Left((answer, _)) => read(answer),
                Either::Right(_) => Err(Failure::Silent),
            },
        };
        if let Err(failure) = &outcome {
            log::warn!("the shell and {command}: {failure}");
        }
        outcome
    }
}
