//! Which sign-ins are known to be a server's own: one that another server uses too is asked about first.
//!
//! A server that names another's provider and client as its own is handed tokens which that other one would
//! take as well (RFC 9700 section 4.4, mix-up).

use reactive_graph::traits::{GetUntracked, WithUntracked};

use super::Found;
use crate::core::record::keys;
use crate::core::server::id::ServerId;
use crate::core::server::registry::{AuthMode, Provider};
use crate::core::session::machine::Session;
use crate::state::app::App;
use crate::state::server::Server;
use crate::state::shared::Shared;

/// Version of the stored text, in its first line. Then comes one sign-in on each line: a text costs the first load
/// of the page less than any other form.
const VERSION: &str = "1\n";

/// Provider and client as one text: the same for the same sign-in, however its address is spelled.
fn binding(provider: &Provider) -> String {
    let issuer = match ServerId::parse(&provider.server_url) {
        Ok(id) => id.as_str().to_owned(),
        Err(_) => provider.server_url.trim_end_matches('/').to_owned(),
    };
    format!("{issuer} {}", provider.client_id)
}

fn session_binding(server: &Server) -> Option<String> {
    server
        .session()
        .signal()
        .with_untracked(|session| Session::provider(session).map(binding))
}

/// The name of another known server that signs people in with this very client of this very provider, unless
/// it is known to be this server's sign-in too.
pub(super) fn shared_with(app: &App, id: &ServerId, provider: &Provider) -> Option<String> {
    let wanted = binding(provider);
    let servers = app.servers().get_untracked();
    let own = servers.iter().find(|server| server.id() == id);
    let is_own = own.and_then(session_binding).as_ref() == Some(&wanted);
    let is_trusted = trusted(app.shared(), id)
        .lines()
        .any(|known| known == wanted);
    if is_own || is_trusted {
        return None;
    }
    let uses = |server: &&Server| {
        let advertised = server.record().with_untracked(|record| match &record.auth {
            AuthMode::None | AuthMode::Core => false,
            AuthMode::Oidc { providers } => providers.iter().any(|own| binding(own) == wanted),
        });
        advertised || session_binding(server).as_ref() == Some(&wanted)
    };
    let other = servers
        .iter()
        .filter(|server| server.id() != id)
        .find(uses)?;
    Some(other.session().server_name())
}

fn trusted(shared: &Shared, id: &ServerId) -> String {
    let text = shared.get(&keys::trusted(id));
    text.filter(|text| text.starts_with(VERSION))
        .unwrap_or_else(|| VERSION.to_owned())
}

/// Notes that a sign-in is a server's own.
pub(in crate::state) fn trust(shared: &Shared, id: &ServerId, provider: &Provider) {
    let (mut list, own) = (trusted(shared, id), binding(provider));
    if !list.lines().any(|known| known == own) {
        list.push_str(&own);
        list.push('\n');
        shared.set(&keys::trusted(id), &list);
    }
}

/// Where a good session is to be replaced by a new one, its own provider is used, if it is still offered.
pub(super) fn keep_to_the_same(server: &Server, found: &mut Found) {
    let Some(own) = session_binding(server) else {
        return;
    };
    if found.providers.iter().any(|other| binding(other) == own) {
        found.providers.retain(|other| binding(other) == own);
    }
}
