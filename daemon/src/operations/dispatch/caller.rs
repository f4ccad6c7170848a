//! Who asks.

use super::presence::Presence;
use crate::operations::permit::Standing;
use crate::peer::Peer;
use std::sync::Arc;

/// Who asks, with the rights of this moment.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) peer: Arc<Peer>,
    pub(crate) standing: Standing,
    pub(crate) presence: Presence,
}
