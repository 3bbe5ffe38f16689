//! What other tabs have stored.

use reactive_graph::traits::{GetUntracked, Set, Update, WithUntracked};

use super::App;
use crate::core::record::keys;
use crate::core::server::registry;
use crate::core::settings::Settings;
use crate::state::server::Server;

impl App {
    /// Another tab has written to a key of the storage.
    pub fn storage_changed(&self, key: &str) {
        if key == keys::servers() {
            self.adopt_servers();
        } else if key == keys::settings() {
            let text = self.0.shared.get(key);
            if let Some(settings) = text.and_then(|text| Settings::decode(&text).ok()) {
                self.0.settings.set(settings);
                self.watch_clock();
            }
        } else if key == keys::activity() {
            self.activity_changed();
        } else if key.starts_with(keys::SESSION_PREFIX) {
            for server in self.0.servers.get_untracked() {
                if server.session().storage_key() == key {
                    server.session().adopt_stored();
                }
            }
        } else if key.starts_with(keys::DRAFT_PREFIX) {
            for server in self.0.servers.get_untracked() {
                server.draft_changed(key);
            }
        }
    }

    fn adopt_servers(&self) {
        // A list that is gone or cannot be read says nothing about the servers that are in use here.
        let stored = self.0.shared.get(&keys::servers());
        let Some(records) = stored
            .and_then(|text| registry::decode(&text).ok())
            .map(|decoded| decoded.servers)
        else {
            return;
        };
        let known = self.0.servers.get_untracked();
        for record in &records {
            match known.iter().find(|server| *server.id() == record.id) {
                Some(server) => {
                    if server.record().with_untracked(|old| old != record) {
                        server.record().set(record.clone());
                    }
                }
                None => {
                    self.take_in(record.clone());
                }
            }
        }
        let gone = |server: &Server| !records.iter().any(|record| record.id == *server.id());
        for server in known.iter().filter(|server| gone(server)) {
            server.close();
            server.session().forget();
        }
        if known.iter().any(gone) {
            self.0
                .servers
                .update(|servers| servers.retain(|server| !gone(server)));
        }
    }
}
