//! What there is in a desktop shell only: its keychain, the server it brings along, and the way to the person's browser.

pub mod keychain;

use std::sync::{Arc, Mutex};

use futures_util::future::{Either, select};

use self::keychain::Books;
use crate::api::shell::{self, Call, Failure};
use crate::port::{Clock, Ports, Shell, ShellAnswer};

/// The shell around the page. Clones share it.
#[derive(Clone)]
pub struct Desktop(Arc<Inner>);

struct Inner {
    shell: Arc<dyn Shell>,
    clock: Arc<dyn Clock>,
    books: Mutex<Books>,
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
        }))
    }

    /// Calls a command. What does not answer in time has failed, whatever comes later.
    async fn call<T>(
        &self,
        call: Call,
        read: fn(ShellAnswer) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let command = call.command;
        let (answer, limit) = (
            self.0.shell.invoke(command, call.args),
            self.0.clock.sleep(shell::LIMIT),
        );
        let outcome = match select(answer, limit).await {
            Either::Left((answer, _)) => read(answer),
            Either::Right(_) => Err(Failure::Silent),
        };
        if let Err(failure) = &outcome {
            log::warn!("the shell and {command}: {failure}");
        }
        outcome
    }
}
