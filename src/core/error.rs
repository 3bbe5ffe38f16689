//! What can go wrong with a request, split by what the caller will do.
