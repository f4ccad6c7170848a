#![no_main]
apikeyd_fuzz::target!(names);
