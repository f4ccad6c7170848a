//! apikeyctl
