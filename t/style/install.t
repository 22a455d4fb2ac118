#!/usr/bin/perl

# `make install DESTDIR=` puts everything where Debian would, and a second
# one leaves the administrator's configuration alone.

use lib 't/lib';
use Lapor::Test;

use File::Spec;

my $repo = repo_dir();
my $root = test_dir();

# relative: make takes a blank in a name for a separator
my @make = ('make', '-s', '-C', $repo,
            'BUILD=' . File::Spec->abs2rel(build_dir(), $repo),
            "DESTDIR=$root", 'install');

my ($rc, $out, $err) = run_cmd({ timeout => 300 }, @make);
is($rc, 0, 'make install') or diag($out, $err);

for my $path (qw(
    usr/lib/nginx/modules/ngx_http_lapor_module.so
    usr/share/nginx/modules-available/mod-http-lapor.conf
    usr/sbin/lapor-intake usr/sbin/lapor-media usr/sbin/lapor-reply
    usr/bin/laporctl
    lib/systemd/system/lapor-intake.service
    lib/systemd/system/lapor-media.service
    lib/systemd/system/lapor-reply.service
    lib/systemd/system/lapor-silence.service
    lib/systemd/system/lapor-silence.timer
    lib/systemd/system/lapor-reconcile.service
    lib/systemd/system/lapor-reconcile.timer
    usr/lib/sysusers.d/lapor.conf usr/lib/tmpfiles.d/lapor.conf
    etc/lapor/lapor.conf
    usr/share/lapor/schema/001_tables.sql usr/share/lapor/schema/roles.sql
    usr/share/lapor/demo/tarakan/units.csv
    usr/share/lapor/nginx/lapor.conf usr/share/lapor/nginx/lapor-tls.conf
    usr/share/lapor/redis/lapor.conf
    usr/share/lapor/postgresql/lapor.conf
    usr/share/lapor/prometheus/lapor.rules.yml
    usr/share/lapor/prometheus/lapor-silence.rules.yml
    usr/share/lapor/prometheus/lapor-workers.rules.yml
    usr/share/lapor/prometheus/lapor.scrape.yml
    usr/share/doc/lapor/README.md
    usr/share/doc/lapor/doc/directives.md))
{
    ok(-s "$root/$path", $path);
}

for my $program (qw(lapor-intake lapor-media lapor-reply)) {
    ($rc, $out, $err) = run_cmd("$root/usr/sbin/$program", '-h');
    is($rc, 0, "$program runs from where it was installed") or diag($err);
}

# the shipped configuration, with files in the place of credentials, is one
# that the workers take
my $conf = slurp("$root/etc/lapor/lapor.conf");
spew("$root/token", "secret\n", 0600);
$conf =~ s/cred:\w+/$root\/token/g;
spew("$root/lapor.conf", $conf);

for my $program (qw(lapor-intake lapor-media lapor-reply)) {
    ($rc, $out, $err) = run_cmd("$root/usr/sbin/$program", '-t', '-c',
                                "$root/lapor.conf");
    is($rc, 0, "$program accepts the shipped configuration")
        or diag($out, $err);
}

# what lapor-silence.service runs gets as far as the database
($rc, $out, $err) = run_cmd("$root/usr/bin/laporctl", '-c',
    "$root/etc/lapor/lapor.conf", 'silence', '--database', "host=$root");
is($rc, 2, 'laporctl accepts it, too') or diag($out, $err);

# as does what lapor-reconcile.service runs
spew("$root/elsewhere.conf", slurp("$root/etc/lapor/lapor.conf")
    =~ s/dbname=lapor user/host=$root user/r);
($rc, $out, $err) = run_cmd("$root/usr/bin/laporctl", '-c',
    "$root/elsewhere.conf", 'reconcile');
is($rc, 2, 'and knows nothing without a database') or diag($out, $err);

append_line("$root/etc/lapor/lapor.conf", '# mine');
run_cmd({ timeout => 300 }, @make);
like(slurp("$root/etc/lapor/lapor.conf"), qr/^# mine$/m,
     'a second installation keeps the configuration');

done_testing();
