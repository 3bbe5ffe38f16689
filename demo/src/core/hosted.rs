//! The hosted service behind a core, as far as it can refuse: every call of it goes through here.

use super::Core;
use super::data::Session;
use super::dispatch::Fault;
use super::expiry::Generation;
use super::texts;

/// A call of the hosted service with the session.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// `GET`
    pub verb: &'static str,
    /// `/auth/me`
    pub path: &'static str,
    /// Operation of integrations, which word their failures differently.
    pub op: Option<&'static str>,
    /// What is said without a session.
    pub unsigned: &'static str,
}

impl Request {
    /// A call that is told by verb and path.
    pub const fn plain(verb: &'static str, path: &'static str) -> Self {
        Self {
            verb,
            path,
            op: None,
            unsigned: texts::NO_SESSION,
        }
    }

    /// Who am I?
    pub const WHO_AM_I: Self = Self {
        unsigned: texts::JWT_REQUIRED,
        ..Self::plain("GET", "/auth/me")
    };

    /// A call of integrations.
    pub const fn integration(op: &'static str, verb: &'static str, path: &'static str) -> Self {
        Self {
            verb,
            path,
            op: Some(op),
            unsigned: texts::NO_SESSION_FOR_INTEGRATIONS,
        }
    }

    /// The hosted service answered with an error.
    pub fn refused(&self, core: &Core, status: u16, body: &str) -> Fault {
        let is_newer = core.switchboard.read(|switches| switches.generation) == Generation::Newer;
        let url = format!("{}{}", core.api_url(), self.path);
        Fault::new(match self.op {
            _ if status == 401 && is_newer => texts::sentinel(self.verb, self.path),
            Some(op) if status == 0 => texts::integration_unreachable(op, self.verb, &url),
            Some(op) => texts::integration_refused(op, status, self.verb, &url, body),
            None if status == 0 => texts::unreachable(self.verb, self.path, &url),
            None => texts::refused(self.verb, self.path, status, body),
        })
    }

    /// The failure a switch asks for.
    ///
    /// # Errors
    /// When one is switched on.
    pub fn reached(&self, core: &Core) -> Result<(), Fault> {
        match core.switchboard.hosted_failure() {
            Some(status) => Err(self.refused(core, status, body_of(status))),
            None => Ok(()),
        }
    }

    /// The session, when the hosted service takes it.
    ///
    /// # Errors
    /// Without a session, with a dead or an offline one, and when a switch says so.
    pub fn session(&self, core: &Core) -> Result<Session, Fault> {
        let session = core.session().ok_or_else(|| Fault::new(self.unsigned))?;
        if session.is_local {
            return Err(Fault::new(texts::needs_hosted(self.path)));
        }
        self.reached(core)?;
        if session.is_dead {
            return Err(self.refused(core, 401, texts::INVALID_TOKEN));
        }
        Ok(session)
    }
}

/// What the hosted service says with a status.
fn body_of(status: u16) -> &'static str {
    match status {
        401 => texts::INVALID_TOKEN,
        403 => r#"{"success":false,"error":"Forbidden"}"#,
        404 => "<html><body><h1>404 Not Found</h1></body></html>",
        429 => r#"{"success":false,"error":"rate limit exceeded"}"#,
        502..=504 => "<html><body><h1>The gateway has no answer</h1></body></html>",
        _ => r#"{"success":false,"error":"Internal error"}"#,
    }
}
