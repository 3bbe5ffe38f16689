//! Every sentence of the app, as typed functions.
