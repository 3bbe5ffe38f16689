//! Endpoints as values: what to ask and how to read the answer. Nothing is sent here.
