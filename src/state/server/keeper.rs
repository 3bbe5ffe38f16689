//! What is different about a server that keeps the session itself.

use std::any::Any;
use std::sync::Arc;

use futures_util::future::LocalBoxFuture;

use super::Server;
use crate::core::session::token::Tokens;
use crate::state::task::lock;

/// Speaks to a server that keeps the session itself, about that session. It comes with the first page of such a server.
pub trait Keeper: Any + Send + Sync {
    /// Loads the rooms, and who is signed in.
    fn look(&self, server: &Server) -> LocalBoxFuture<'static, ()>;
    /// Asks whether the session still holds, and ends it here where it does not.
    fn verify(&self, server: &Server) -> LocalBoxFuture<'static, ()>;
    /// Ends the session there, with what was sent in it until now; whether that was heard.
    fn end(&self, server: &Server, tokens: Tokens) -> LocalBoxFuture<'static, bool>;
}

impl Server {
    /// Who asks about the session, where the server keeps it and the part of the app that does so is there.
    pub(in crate::state) fn keeper(&self) -> Option<Arc<dyn Keeper>> {
        lock(&self.0.personal).keeper.clone()
    }

    pub(in crate::state) fn set_keeper(&self, keeper: Arc<dyn Keeper>) {
        lock(&self.0.personal).keeper = Some(keeper);
    }
}
