#![no_main]
apikeyd_fuzz::target!(key_text);
