-- Who is who: identities that move from one reporter to another.

SET LOCAL lock_timeout = '10s';
