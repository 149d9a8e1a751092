//! faunalens recognises wildlife products in listing photographs from pixels alone.
//!
//! Data flows one way, from bytes to a record:
//!
//! ```text
//! photo -> fingerprint | recognize | schreger -> index -> verdict -> record
//! ```

pub mod photo;
pub mod schreger;
