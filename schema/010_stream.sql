-- What came out of the streams, so that it can be compared with what went in.

SET LOCAL lock_timeout = '10s';
