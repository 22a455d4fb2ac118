#!/usr/bin/perl

# Every golden webhook, each twice and in one stream: what the decoder finds
# in it (the .jsonl beside it) is stored, as a message, a status, a notice or
# in quarantine, and nothing is left out.

use lib 't/lib';
use Lapor::Test;
use Lapor::Intake;

use File::Glob ':bsd_glob';      # a blank in a path is no separator
use File::Basename qw(basename);
use JSON::PP ();

my $in = Lapor::Intake->new;
my $json = JSON::PP->new->utf8;
my %known = map { $_ => 1 } qw(sent delivered read played failed);
my (%message, %status, %broken, $others);

for my $file (sort glob repo_dir() . '/t/data/webhooks/*.json') {
    my $body = slurp($file);
    $in->add($body) for 1 .. 2;

    (my $expected = $file) =~ s/\.json\z/.jsonl/;
    my @lines = split /\n/, slurp($expected);

    for my $i (0 .. $#lines) {
        # JSON::PP refuses halves of surrogate pairs
        $lines[$i] =~ s/\\u[dD][89a-fA-F]../\\ufffd/g;
        my $e = $json->decode($lines[$i]);
        if ($e->{broken}) {
            $broken{ basename($file) . ":$i" } = 1;
        } elsif ($e->{event} eq 'message'
                 && ($e->{from} || $e->{user_id} || $e->{system})) {
            $message{ $e->{wamid} } = $e->{type} || 'unknown';
        } elsif ($e->{call}) {
            my $ended = $e->{call}{event} =~ /^terminate\z/i;
            $message{ $e->{wamid} . ($ended ? '/terminate' : '') } = 'call';
        } elsif ($e->{event} eq 'status'
                 && $known{ $e->{status}{state} || '' }) {
            $status{"$e->{wamid} $e->{status}{state}"} = 1;
        } else {
            $others++;
        }
    }
}

ok(keys %message > 20 && keys %status > 3 && keys %broken > 3 && $others > 3,
   'there are enough of them');
ok($in->drained(60), 'all are processed');

is_deeply({ map { $_->[0] => $_->[1] }
            $in->rows('SELECT wamid, type FROM lapor.message') },
          { %message }, 'messages');
is_deeply({ map { ("$_->[0] $_->[1]" => 1) }
            $in->rows('SELECT wamid, state FROM lapor.status_wait') },
          \%status, 'statuses');
cmp_ok($in->cell('SELECT count(*) FROM lapor.notice'), '>=', $others / 2,
       'notices');
is($in->cell('SELECT count(*) FROM lapor.quarantine WHERE sqlstate IS NOT NULL'),
   0, 'nothing was refused by the database');

my $dead = $in->cell('SELECT count(DISTINCT (raw_id, item))'
                     . ' FROM lapor.quarantine WHERE item >= 0');
is($dead, scalar keys %broken, 'broken items');

done_testing();
