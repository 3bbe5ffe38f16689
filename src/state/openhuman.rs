//! Servers that keep the session themselves: OpenHuman cores, spoken to in JSON-RPC.
//!
//! A core has two doors. The *core token* says who may use the process; it is what [`crate::core::session::token::Tokens::access`]
//! holds here, and a refusal of it is a fault in how the server was added. The *account* is signed in inside the core; only the core
//! knows its token, and only it says when that session has ended: [`crate::core::rpc::cascade`] weighs what it says.

mod answer;
mod backend;
mod client;
pub mod door;
pub mod integrations;
mod keeper;
mod verdict;

use std::any::Any;
use std::sync::Arc;

use self::integrations::Integrations;
use self::keeper::CoreKeeper;
use super::server::Server;
use crate::core::composer::draft::UserKey;

pub(super) use self::backend::Core;
pub use self::client::CoreClient;

impl Server {
    /// From now on the session is looked after, where the server keeps it itself.
    pub(super) fn attend(&self) {
        if self.session().is_kept_there() && self.keeper().is_none() {
            self.set_keeper(Arc::new(CoreKeeper::new(self)));
        }
    }

    /// Who calls the methods of this core; `None` for other servers.
    #[must_use]
    pub fn core(&self) -> Option<CoreClient> {
        self.with_core(CoreKeeper::client)
    }

    /// The services that this core connects its agent to; `None` for other servers.
    #[must_use]
    pub fn integrations(&self) -> Option<Integrations> {
        self.with_core(CoreKeeper::integrations)
    }

    /// Somebody comes in by the door: whatever is known of somebody else is forgotten.
    fn came(&self, user: &UserKey, is_local: bool) {
        self.with_core(|keeper| keeper.came(user, is_local));
    }

    fn with_core<T>(&self, get: impl FnOnce(&CoreKeeper) -> T) -> Option<T> {
        self.attend();
        let keeper: Arc<dyn Any + Send + Sync> = self.keeper()?;
        Some(get(keeper.downcast_ref::<CoreKeeper>()?))
    }
}
