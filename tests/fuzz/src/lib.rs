//! What every fuzz target is: a property of `apikeyd_campaigns::fuzz` under an allocator that counts.

/// Makes the program of a target from the name of its property.
#[macro_export]
macro_rules! target {
    ($property:ident) => {
        #[global_allocator]
        static ALLOCATOR: $crate::Counting = $crate::Counting;

        $crate::fuzz_target!(|bytes: &[u8]| $crate::fuzz::$property(bytes));
    };
}

pub use apikeyd_campaigns::fuzz;
pub use apikeyd_campaigns::fuzz::allocation::Counting;
pub use libfuzzer_sys::fuzz_target;
