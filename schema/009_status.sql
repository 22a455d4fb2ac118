-- Statuses of outgoing messages, many at a time, and what errors mean.

SET LOCAL lock_timeout = '10s';
