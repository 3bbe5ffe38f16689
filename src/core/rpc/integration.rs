//! The services that a person has connected to the agent, and what a server offers of them.

/// How a connection stands; the better the later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// There is none.
    Disconnected,
    /// It has failed or has run out.
    Failed,
    /// The person has begun to connect it elsewhere.
    Pending,
    /// It works.
    Connected,
}

impl Link {
    /// Reads the word of the server, in any case; one that is not known stands for none.
    #[must_use]
    pub fn read(word: &str) -> Self {
        match word.trim().to_ascii_uppercase().as_str() {
            "ACTIVE" | "CONNECTED" => Self::Connected,
            "PENDING" | "INITIATED" | "INITIALIZING" => Self::Pending,
            "FAILED" | "ERROR" | "EXPIRED" => Self::Failed,
            _ => Self::Disconnected,
        }
    }
}

/// A connection as the server lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Its id.
    pub id: String,
    /// The service ([`slug`]).
    pub toolkit: String,
    /// How it stands.
    pub link: Link,
    /// When it was made, in milliseconds since 1970.
    pub created: Option<i64>,
}

/// A service and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integration {
    /// The service.
    pub toolkit: String,
    /// The best of its connections.
    pub link: Link,
    /// The id of that connection.
    pub connection: Option<String>,
}

/// The one way in which the name of a service is written.
#[must_use]
pub fn slug(name: &str) -> String {
    let name = name.trim().to_lowercase();
    match name.as_str() {
        "google_calendar" | "google_drive" | "google_sheets" => name.replace('_', ""),
        _ => name,
    }
}

/// The services in the order in which they are offered, each with the best of its connections. One that is connected but not offered
/// any more comes last, so that it can be disconnected.
#[must_use]
pub fn panel(toolkits: &[String], connections: &[Connection]) -> Vec<Integration> {
    let mut shown: Vec<Integration> = Vec::new();
    let names = toolkits
        .iter()
        .chain(connections.iter().map(|connection| &connection.toolkit));
    for name in names {
        if shown.iter().any(|known| known.toolkit == *name) {
            continue;
        }
        let own = connections
            .iter()
            .filter(|connection| connection.toolkit == *name);
        // The newest of those that stand alike.
        let best = own.max_by_key(|connection| (connection.link, connection.created));
        shown.push(Integration {
            toolkit: name.clone(),
            link: best.map_or(Link::Disconnected, |best| best.link),
            connection: best.map(|best| best.id.clone()),
        });
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(id: &str, toolkit: &str, word: &str) -> Connection {
        Connection {
            id: id.into(),
            toolkit: slug(toolkit),
            link: Link::read(word),
            created: None,
        }
    }

    #[test]
    fn the_words_of_the_server_stand_for_four_states() {
        for (words, link) in [
            (&["ACTIVE", "connected", " Active "][..], Link::Connected),
            (&["PENDING", "initiated", "INITIALIZING"], Link::Pending),
            (&["FAILED", "error", "EXPIRED"], Link::Failed),
            (&["", "DELETED", "inactive"], Link::Disconnected),
        ] {
            for word in words {
                assert_eq!(Link::read(word), link, "{word}");
            }
        }
    }

    #[test]
    fn a_service_has_one_name_however_it_is_written() {
        assert_eq!(slug("Gmail"), "gmail");
        assert_eq!(slug("google_calendar"), "googlecalendar");
        assert_eq!(slug("GOOGLE_SHEETS"), "googlesheets");
        assert_eq!(slug("google_meet"), "google_meet");
    }

    #[test]
    fn a_service_stands_as_the_best_of_its_connections_does() {
        let toolkits = ["gmail".to_owned(), "notion".to_owned()];
        let shown = panel(
            &toolkits,
            &[
                connection("a", "gmail", "FAILED"),
                connection("b", "gmail", "ACTIVE"),
                connection("c", "gmail", "PENDING"),
                connection("d", "slack", "EXPIRED"),
            ],
        );
        let seen: Vec<_> = shown
            .iter()
            .map(|one| (one.toolkit.as_str(), one.link, one.connection.as_deref()))
            .collect();
        assert_eq!(
            seen,
            [
                ("gmail", Link::Connected, Some("b")),
                ("notion", Link::Disconnected, None),
                ("slack", Link::Failed, Some("d")),
            ]
        );
    }
}
