//! The versioned envelope of everything kept in storage.
