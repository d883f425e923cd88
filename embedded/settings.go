package embedded

import (
	"fmt"
	"os"
	"strings"
)

// settings returns the server's settings as command line arguments. There they
// win over every configuration file in the cluster, so that an edited
// postgresql.conf cannot make the ledger lose what it acknowledged.
func (p *Postgres) settings() []string {
	values := []string{
		// Every process of the server shows it in its title: see serversOf.
		"cluster_name=" + clusterMark(p.data),

		"listen_addresses=127.0.0.1",
		fmt.Sprintf("port=%d", p.port),
		"unix_socket_directories=" + p.socketDir(), // Empty: no socket.

		// These are defaults. They are repeated because a commit that was
		// acknowledged must survive a power cut.
		"fsync=on",
		"synchronous_commit=on",
		"full_page_writes=on",

		// The balances and the newest entries stay in memory; the default of
		// 128 MB is chosen for machines that share with everything else.
		"shared_buffers=256MB",
		// Checkpoints are rare and spread out: each makes the first change of
		// every page write that page to the log in full. 4 GB of log replay in
		// well under a minute.
		"checkpoint_timeout=15min",
		"checkpoint_completion_target=0.9",
		"max_wal_size=4GB",
		// Log files are recycled rather than created under load.
		"min_wal_size=512MB",
		// Full pages are most of the log here, and compress well.
		"wal_compression=on",
		"max_connections=100",
		// Local solid state disks: a random read costs about as much as a
		// sequential one.
		"random_page_cost=1.1",
		// Compiling pays off in long analytical queries only, and delays the
		// short ones that the planner takes for long.
		"jit=off",
		// Balance rows are updated all the time. Frequent small vacuums keep
		// the tables short, fresh statistics keep the plans right; the default
		// waits for a fifth of a table to be dead.
		"autovacuum_naptime=15s",
		"autovacuum_vacuum_scale_factor=0.05",
		"autovacuum_vacuum_insert_scale_factor=0.1",
		"autovacuum_analyze_scale_factor=0.02",
		// The default limit would let vacuum fall behind on solid state disks.
		"autovacuum_vacuum_cost_limit=1000",

		// Messages go to postgres.log through the inherited stderr, in
		// English, because failed starts are told apart by their text.
		"log_destination=stderr",
		"logging_collector=off",
		"log_line_prefix=%m [%p] ",
		"lc_messages=C",
		"timezone=UTC",
		"log_timezone=UTC",
	}
	args := []string{"-D", p.data}
	for _, v := range values {
		args = append(args, "-c", v)
	}
	return args
}

// serverEnv is the environment of the server's programs: ours without what
// they would take for settings or for a language.
func serverEnv() []string {
	env := []string{"LC_ALL=C"}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "PG") && !strings.HasPrefix(v, "LC_") && !strings.HasPrefix(v, "LANG") {
			env = append(env, v)
		}
	}
	return env
}
