#!/usr/bin/perl

# The unit files: understood by systemd, and closed to all that the worker
# does not need (exposure below 2.0 of 10).

use lib 't/lib';
use Lapor::Test;

use File::Glob ':bsd_glob';      # a blank in a path is no separator

my $analyze = need_program('systemd-analyze');
my $repo = repo_dir();
my @units = glob "$repo/conf/systemd/*.service";
my %other = map { $_ => '/usr/bin/laporctl' }
            qw(lapor-silence lapor-reconcile);

cmp_ok(scalar @units, '>=', 3, 'there are unit files');

# verify looks the programs up, so they are shown where the unit has them
my $root = test_dir();
mkdir "$root/units";

for my $unit (@units) {
    my ($name) = $unit =~ m{([^/]+)\.service$};
    my $text = slurp($unit);

    my $program = $other{$name} || "/usr/sbin/$name";
    like($text, qr/^ExecStart=\Q$program\E -c/m, "$name starts its program");
    $text =~ s{\Q$program\E\b}{/bin/true}g;
    spew("$root/units/$name.service", $text);

    my ($rc, $out, $err) = run_cmd($analyze, 'verify', '--man=no',
                                   "$root/units/$name.service");
    my $said = join "\n", grep { /\Q$name\E/ } split /\n/, "$out$err";

    is($said, '', "$name.service is understood");

    ($rc, $out, $err) = run_cmd($analyze, 'security', '--offline=yes',
                                "$root/units/$name.service");
    my ($exposure) = $out =~ /Overall exposure level for \S+: ([\d.]+)/;

    cmp_ok(defined $exposure ? $exposure : 10, '<', 2.0,
           "$name.service is closed") or diag($out, $err);
}

# the timers, beside what they start
for my $timer (glob "$repo/conf/systemd/*.timer") {
    my ($name) = $timer =~ m{([^/]+)\.timer$};

    spew("$root/units/$name.timer", slurp($timer));
    ok(-e "$root/units/$name.service", "$name.timer has something to start");
    my (undef, $out, $err) = run_cmd($analyze, 'verify', '--man=no',
                                     "$root/units/$name.timer");
    is(join("\n", grep { /\Q$name\E/ } split /\n/, "$out$err"), '',
       "$name.timer is understood");
}

done_testing();
