//! The browser's key to what is stored.

use std::sync::{Arc, Mutex};

use enfilade::core::seal::Seal;
use enfilade::port::Vault;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

/// How the key store behaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum VaultMode {
    /// As it should.
    #[default]
    Works,
    /// The browser has none.
    Missing,
    /// The browser has lost the key and made another.
    Renewed,
    /// It never answers.
    Hangs,
}

/// Clones share it.
#[derive(Clone, Default)]
pub struct FakeVault(Arc<Mutex<VaultMode>>);

impl FakeVault {
    pub fn set_mode(&self, mode: VaultMode) {
        *self.0.lock().unwrap() = mode;
    }

    pub fn mode(&self) -> VaultMode {
        *self.0.lock().unwrap()
    }

    pub fn seal(&self) -> Option<Seal> {
        match *self.0.lock().unwrap() {
            VaultMode::Works => Some(Seal::new([7; 32])),
            VaultMode::Renewed => Some(Seal::new([8; 32])),
            VaultMode::Missing | VaultMode::Hangs => None,
        }
    }
}

impl Vault for FakeVault {
    fn key(&self) -> LocalBoxFuture<'static, Option<Seal>> {
        let seal = self.seal();
        let mode = *self.0.lock().unwrap();
        async move {
            if mode == VaultMode::Hangs {
                futures_util::future::pending::<()>().await;
            }
            seal
        }
        .boxed_local()
    }
}
