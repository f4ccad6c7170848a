#![no_main]
apikeyd_fuzz::target!(connection);
