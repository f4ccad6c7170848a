#![no_main]
apikeyd_fuzz::target!(policy_target);
