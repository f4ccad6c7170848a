#![no_main]
apikeyd_fuzz::target!(database_image);
