//! What is different about the server that a desktop shell brings along, and about any server in a shell.

use std::sync::Arc;

use reactive_graph::signal::ArcRwSignal;

use super::Server;
use crate::port::Desk;
use crate::state::shell::sidecar::Local;

impl Server {
    /// How the server stands that a desktop shell brings along, if this is it.
    #[must_use]
    pub fn local(&self) -> Option<ArcRwSignal<Local>> {
        let desktop = self.0.shared.desktop()?;
        self.0.id.is_local().then(|| desktop.local())
    }

    /// Starts it anew, if this is it.
    pub fn start_local(&self) {
        if let Some(desktop) = self.0.shared.desktop().filter(|_| self.0.id.is_local()) {
            desktop.start_local();
        }
    }

    /// What the page can do, with the notices of the system where there is a shell.
    pub fn install_desk(&self, page: Arc<dyn Desk>) {
        self.desk().install(match self.0.shared.desktop() {
            Some(desktop) => desktop.desk(page),
            None => page,
        });
    }
}
