//! The guard: which place may be shown, from what is known of every server.

use super::return_to::ReturnTo;
use crate::core::route::Route;
use crate::core::server::alias::Alias;
use crate::core::server::id::ServerId;

/// What the guard sees of one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Door {
    /// Its name in routes.
    pub alias: Alias,
    /// Its address.
    pub id: ServerId,
    /// Whether one can go in: signed in, or no sign-in needed.
    pub connected: bool,
}

/// The value of the connection revision: token rotation leaves it alone; a flip, an addition or a
/// removal of any server changes it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Revision(pub Vec<Door>);

/// Something to tell together with a redirect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// The address names a server that is not known here.
    UnknownServer,
}

/// What to do about a place.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Sessions are still being restored: show the splash, decide later.
    Wait,
    /// Show it.
    Stay,
    /// Go somewhere else instead.
    Go {
        /// Where to.
        route: Route,
        /// What to say.
        notice: Option<Notice>,
    },
}

/// Decides about a place (`decisions.md` section 3).
#[must_use]
pub fn decide(route: &Route, revision: &Revision, restored: bool) -> Decision {
    if route.is_public() {
        return Decision::Stay;
    }
    if !restored {
        return Decision::Wait;
    }
    let go = |route, notice| Decision::Go { route, notice };
    if let Some(alias) = route.alias() {
        return match revision.0.iter().find(|door| door.alias == *alias) {
            Some(door) if door.connected => Decision::Stay,
            Some(door) => go(sign_in_place(&door.id, route), None),
            None => go(fallback(revision), Some(Notice::UnknownServer)),
        };
    }
    if route.needs_any_server() && !revision.0.iter().any(|door| door.connected) {
        return go(
            Route::Home {
                url: None,
                return_to: None,
            },
            None,
        );
    }
    Decision::Stay
}

fn fallback(revision: &Revision) -> Route {
    if revision.0.iter().any(|door| door.connected) {
        Route::Lobby
    } else {
        Route::Home {
            url: None,
            return_to: None,
        }
    }
}

/// The page that asks for sign-in to one server and then leads back to `from`.
#[must_use]
pub fn sign_in_place(server: &ServerId, from: &Route) -> Route {
    Route::Home {
        url: Some(server.as_str().to_owned()),
        return_to: ReturnTo::from_route(from).map(|place| place.to_path()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use super::*;

    fn door(address: &str, connected: bool) -> Door {
        let id = ServerId::parse(address).unwrap();
        Door {
            alias: Alias::derive(id.host(), &BTreeSet::new()),
            id,
            connected,
        }
    }

    fn route(text: &str) -> Route {
        let (rest, fragment) = text.split_once('#').unwrap_or((text, ""));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        Route::parse(path, query, fragment)
    }

    fn two(harbor: bool, meadow: bool) -> Revision {
        Revision(vec![
            door("https://harbor.example", harbor),
            door("https://meadow.example", meadow),
        ])
    }

    fn alias(revision: &Revision, index: usize) -> String {
        revision.0[index].alias.to_string()
    }

    #[test]
    fn only_the_pages_of_the_expired_server_ask_for_sign_in() {
        let revision = two(false, true);
        let (harbor, meadow) = (alias(&revision, 0), alias(&revision, 1));
        let path =
            format!("/room/{harbor}/echo/thread/7f8c1b1e-2b52-4f5e-9c53-6d8b9a0c1d2e?x=1#m3");
        let Decision::Go {
            route: Route::Home { url, return_to },
            notice: None,
        } = decide(&route(&path), &revision, true)
        else {
            panic!("asked for sign-in");
        };
        assert_eq!(url.as_deref(), Some("https://harbor.example"));
        assert_eq!(
            return_to.as_deref(),
            Some(path.as_str()),
            "path, query and fragment"
        );
        assert_eq!(
            decide(&route(&format!("/room/{meadow}/echo")), &revision, true),
            Decision::Stay
        );
        assert_eq!(decide(&Route::Lobby, &revision, true), Decision::Stay);
    }

    #[test]
    fn an_unknown_alias_never_leads_to_another_server() {
        let revision = two(true, true);
        assert_eq!(
            decide(&route("/room/gone/echo"), &revision, true),
            Decision::Go {
                route: Route::Lobby,
                notice: Some(Notice::UnknownServer)
            }
        );
        assert_eq!(
            decide(&route("/room/gone/echo"), &two(false, false), true),
            Decision::Go {
                route: Route::Home {
                    url: None,
                    return_to: None
                },
                notice: Some(Notice::UnknownServer)
            }
        );
    }

    #[test]
    fn nothing_is_decided_before_the_sessions_are_restored() {
        let revision = two(false, false);
        let harbor = alias(&revision, 0);
        assert_eq!(
            decide(&route(&format!("/room/{harbor}/echo")), &revision, false),
            Decision::Wait
        );
        assert_eq!(decide(&Route::Lobby, &revision, false), Decision::Wait);
        assert_eq!(
            decide(&route("/auth/callback/00"), &revision, false),
            Decision::Stay
        );
    }

    #[test]
    fn the_lobby_needs_any_server() {
        assert_eq!(
            decide(&Route::Lobby, &two(false, false), true),
            Decision::Go {
                route: Route::Home {
                    url: None,
                    return_to: None
                },
                notice: None
            }
        );
        assert_eq!(
            decide(&Route::Lobby, &two(false, true), true),
            Decision::Stay
        );
    }
}
