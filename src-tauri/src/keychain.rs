//! The refresh tokens in the keychain of the operating system: one entry per server, its text opaque here.
//!
//! One thread asks the keychain, in the order in which it was asked, so that a slow write is never overtaken by a
//! later removal. Whoever asks waits for a limited time only; what is still waiting then is not begun any more.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use keyring_core::{CredentialStore, Entry, Error};
use serde::Serialize;
use tokio::sync::oneshot;

use crate::failure::{Failure, Kind, Outcome};

/// The name under which the keychain lists the entries.
pub const SERVICE: &str = "enfilade";
/// Account of the entry that is only there to be tried.
const PROBE: &str = "enfilade:probe";
/// A little less than the page waits, so that it hears the reason.
pub const LIMIT: Duration = Duration::from_millis(1_800);
const LONGEST_SERVER: usize = 2_048;
const LONGEST_RECORD: usize = 8_192;

/// Finds the keychain of this system. Asked again after a failure: it may come later than we do.
pub type Open = Box<dyn FnMut() -> keyring_core::Result<Arc<CredentialStore>> + Send>;

type Work = Box<dyn FnOnce(&mut Vault) + Send>;

struct Job {
    until: Instant,
    work: Work,
}

/// The keychain works.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Works {
    works: bool,
}

/// The record is in the keychain.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Stored {
    stored: bool,
}

/// No record of that server is in the keychain.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Cleared {
    cleared: bool,
}

/// What the keychain holds for a server. It has no `Debug` that would show it.
#[derive(PartialEq, Eq, Serialize)]
pub struct Loaded {
    record: Option<String>,
}

impl Loaded {
    /// Whether there is a record.
    pub const fn is_some(&self) -> bool {
        self.record.is_some()
    }
}

impl std::fmt::Debug for Loaded {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = if self.is_some() {
            "a record"
        } else {
            "nothing"
        };
        write!(formatter, "Loaded({word})")
    }
}

/// The way to the thread that asks the keychain.
#[derive(Clone)]
pub struct Keychain {
    jobs: Sender<Job>,
    limit: Duration,
}

impl Keychain {
    /// The keychain of this system.
    pub fn of_the_system() -> Self {
        Self::new(Box::new(system_store), LIMIT)
    }

    /// A keychain that `open` finds.
    pub fn new(open: Open, limit: Duration) -> Self {
        let (jobs, waiting) = channel();
        let started = thread::Builder::new()
            .name("keychain".to_owned())
            .spawn(move || serve(&waiting, Vault { open, store: None }));
        if let Err(error) = started {
            // The channel is closed then, and every question is answered with that.
            eprintln!("the keychain cannot be asked: {error}");
        }
        Self { jobs, limit }
    }

    /// Writes an entry, reads it back and removes it.
    pub async fn check(&self) -> Outcome<Works> {
        self.ask(|vault| {
            vault.with(PROBE, |entry| {
                entry.set_password("probe")?;
                let read = entry.get_password()?;
                entry.delete_credential()?;
                Ok(read == "probe")
            })
        })
        .await
        .and_then(|same| match same {
            true => Ok(Works { works: true }),
            false => Err(Failure::failed(
                "the keychain gave back something else than was put in",
            )),
        })
    }

    /// Keeps the record of a server in place of the one before.
    pub async fn store(&self, server: String, record: String) -> Outcome<Stored> {
        check_server(&server)?;
        if record.is_empty() || record.len() > LONGEST_RECORD {
            return Err(Failure::failed(format!(
                "a record has 1 to {LONGEST_RECORD} bytes, not {}",
                record.len()
            )));
        }
        self.ask(move |vault| vault.with(&server, |entry| entry.set_password(&record)))
            .await?;
        Ok(Stored { stored: true })
    }

    /// The record of a server.
    pub async fn load(&self, server: String) -> Outcome<Loaded> {
        check_server(&server)?;
        let read = move |vault: &mut Vault| {
            vault.with(&server, |entry| match entry.get_password() {
                Ok(record) => Ok(Some(record)),
                Err(Error::NoEntry) => Ok(None),
                Err(error) => Err(error),
            })
        };
        Ok(Loaded {
            record: self.ask(read).await?,
        })
    }

    /// Removes the record of a server; none is as good as one.
    pub async fn clear(&self, server: String) -> Outcome<Cleared> {
        check_server(&server)?;
        let remove = move |vault: &mut Vault| {
            vault.with(&server, |entry| match entry.delete_credential() {
                Ok(()) | Err(Error::NoEntry) => Ok(()),
                Err(error) => Err(error),
            })
        };
        self.ask(remove).await?;
        Ok(Cleared { cleared: true })
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Vault) -> keyring_core::Result<T> + Send + 'static,
    ) -> Outcome<T> {
        let (answer, answered) = oneshot::channel();
        let job = Job {
            until: Instant::now() + self.limit,
            work: Box::new(move |vault| {
                // Nobody waits any more: the answer came too late, as they were told.
                let _ = answer.send(question(vault));
            }),
        };
        let gone = || Failure::failed("the keychain's thread has ended: start Enfilade again");
        self.jobs.send(job).map_err(|_| gone())?;
        match tokio::time::timeout(self.limit, answered).await {
            Ok(Ok(Ok(value))) => Ok(value),
            Ok(Ok(Err(error))) => Err(told(&error)),
            Ok(Err(_)) => Err(gone()),
            Err(_) => Err(Failure::failed(format!(
                "the keychain did not answer within {} ms",
                self.limit.as_millis()
            ))),
        }
    }
}

fn serve(waiting: &Receiver<Job>, mut vault: Vault) {
    for job in waiting {
        if Instant::now() < job.until {
            (job.work)(&mut vault);
        }
    }
}

/// The keychain, once it was found.
struct Vault {
    open: Open,
    store: Option<Arc<CredentialStore>>,
}

impl Vault {
    /// Does something with an entry; a connection that broke is made anew, once.
    fn with<T>(
        &mut self,
        account: &str,
        act: impl Fn(&Entry) -> keyring_core::Result<T>,
    ) -> keyring_core::Result<T> {
        let was_open = self.store.is_some();
        match self.once(account, &act) {
            Err(Error::PlatformFailure(_) | Error::NoStorageAccess(_)) if was_open => {
                self.once(account, &act)
            }
            result => result,
        }
    }

    fn once<T>(
        &mut self,
        account: &str,
        act: &impl Fn(&Entry) -> keyring_core::Result<T>,
    ) -> keyring_core::Result<T> {
        let store = match self.store.take() {
            Some(store) => store,
            None => (self.open)()?,
        };
        let result = act(&store.build(SERVICE, account, None)?);
        let is_broken = matches!(
            result,
            Err(Error::PlatformFailure(_) | Error::NoStorageAccess(_))
        );
        if !is_broken {
            self.store = Some(store);
        }
        result
    }
}

fn check_server(server: &str) -> Outcome<()> {
    let is_fit = !server.is_empty()
        && server.len() <= LONGEST_SERVER
        && server != PROBE
        && !server.chars().any(char::is_control);
    if is_fit {
        Ok(())
    } else {
        Err(Failure::failed("this is no id of a server"))
    }
}

/// An error in words that hold nothing of the entry.
fn told(error: &Error) -> Failure {
    match error {
        Error::NoDefaultStore | Error::NotSupportedByStore(_) => {
            Failure::new(Kind::Unavailable, "this system offers no keychain")
        }
        Error::PlatformFailure(cause) => Failure::new(
            Kind::Unavailable,
            format!("the keychain cannot be reached: {cause}"),
        ),
        Error::NoStorageAccess(cause) => {
            Failure::new(Kind::Locked, format!("the keychain is locked: {cause}"))
        }
        Error::NoEntry => Failure::failed("the keychain lost what was just put in"),
        Error::Ambiguous(_) => Failure::failed("the keychain has several entries of this name"),
        Error::TooLong(_, limit) => {
            Failure::failed(format!("the keychain takes no more than {limit} bytes"))
        }
        // These hold what was read, or parts of it.
        Error::BadEncoding(_) | Error::BadDataFormat(..) | Error::BadStoreFormat(_) => {
            Failure::failed("what the keychain holds cannot be read")
        }
        _ => Failure::failed("the keychain refused"),
    }
}

#[cfg(target_os = "linux")]
fn system_store() -> keyring_core::Result<Arc<CredentialStore>> {
    let store = zbus_secret_service_keyring_store::Store::new()?;
    Ok(store)
}

#[cfg(target_os = "macos")]
fn system_store() -> keyring_core::Result<Arc<CredentialStore>> {
    let store = apple_native_keyring_store::keychain::Store::new()?;
    Ok(store)
}

#[cfg(windows)]
fn system_store() -> keyring_core::Result<Arc<CredentialStore>> {
    let store = windows_native_keyring_store::Store::new()?;
    Ok(store)
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
fn system_store() -> keyring_core::Result<Arc<CredentialStore>> {
    Err(Error::NoDefaultStore)
}

#[cfg(test)]
#[path = "keychain/tests.rs"]
mod tests;
