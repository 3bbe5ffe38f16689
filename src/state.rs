//! Signals and the tasks that change them.
