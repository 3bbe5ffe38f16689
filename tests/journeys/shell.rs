//! In a desktop shell: two stores for one session, a server on this machine, and sign-in through the person's browser.

mod keychain;
mod outside;
mod page;
mod sidecar;
mod stores;
