//! Points in time and their text forms.
