#!/usr/bin/perl

# The server that lapor-intake is connected to takes no writes any more: it
# looks for the other one, without wearing either out, and nothing is lost.

use lib 't/lib';
use Lapor::Test;
use Lapor::Intake;

use Time::HiRes qw(sleep);

my $in = Lapor::Intake->new(start => 0);
my $old = $in->pg;
my $new = Lapor::Pg->new;

# read_only($pg, 'on'|'off'): from the next transaction on
sub read_only {
    my ($pg, $value) = @_;

    $pg->psql("SET default_transaction_read_only = off;"
              . " ALTER SYSTEM SET default_transaction_read_only = $value");
    $pg->psql('SELECT pg_reload_conf()');
    return wait_until {
        $pg->psql('SHOW default_transaction_read_only') eq $value
    } 10, "read only is $value";
}

sub stored {
    my ($pg, $m) = @_;
    return $pg->psql("SELECT count(*) FROM lapor.message"
                     . " WHERE wamid = '$m->{id}'");
}

read_only($new, 'on');

my $hosts = join ',', $old->host, $new->host;
my $worker = Lapor::Worker->new(name => 'lapor-intake', section => 'intake',
    common => { redis => $in->redis->address,
                database => "host=$hosts dbname=lapor user=lapor_intake" },
    own => { block => '100ms' });
push @{ $in->{workers} }, $worker;

my $first = message(text => 'ada maling', from => phone(1));
$in->add(body($first));
ok($in->drained, 'processed');
is(stored($old, $first), 1, 'stored by the first host');

read_only($old, 'on');
my $second = message(text => 'ada begal', from => phone(2));
$in->add(body($second));
sleep 3;
my $tries = () = $worker->log =~ /connected to the database again/g;
cmp_ok($tries, '>', 0, 'it looks for a server that takes writes');
cmp_ok($tries, '<', 8, 'and does so with pauses');
ok(Lapor::Test::alive($worker->pid), 'it lives');

read_only($new, 'off');
ok($in->drained(20), 'processed');
is(stored($new, $second), 1, 'stored by the second host');

$worker->stop;
done_testing();
