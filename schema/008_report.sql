-- Which report a message belongs to, and writing what lapor-intake decided.

SET LOCAL lock_timeout = '10s';
