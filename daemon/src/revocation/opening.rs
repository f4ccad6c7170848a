//! Opening the page where it may be.

use super::file::PageFile;
use super::generations::Page;
use super::mark::Home;
use std::path::PathBuf;

/// Opens the page at the first place where that can be done, under a name with the store's id in it. Without one the
/// daemon serves as well, only slower: clients ask each time.
pub(crate) fn open_page(places: &[PathBuf], home: Option<&Home>) -> Page {
    let Some(home) = home.filter(|_| !places.is_empty()) else { return Page::Never };
    let mut places = places.iter().map(|place| home.name(place));
    let mut opened = None;
    for place in places.by_ref() {
        match PageFile::open(&place, home) {
            Ok(file) => {
                opened = Some(file);
                break;
            }
            Err(error) => tracing::warn!(%error, "another place is tried for the revocation page"),
        }
    }
    let Some(file) = opened else {
        tracing::warn!(
            "there is no place for the revocation page: clients cannot cache; set `page` to a file in memory"
        );
        return Page::Hidden;
    };
    // An earlier start may have had to go further down the list.
    for place in places {
        if let Err(error) = PageFile::retire(&place, home) {
            tracing::warn!(page = %place.display(), %error, "the page of an earlier start cannot be removed");
        }
    }
    Page::File(file)
}
