package embedded

import (
	"fmt"
	"os"
	"strings"
)

// settings returns the server's settings as command line arguments. Arguments
// override every configuration file in the cluster. An edited postgresql.conf can
// therefore not make the ledger lose what it acknowledged.
func (p *Postgres) settings() []string {
	values := []string{
		// Every process of the server has it in its title. See serversOf.
		"cluster_name=" + clusterMark(p.data),

		"listen_addresses=127.0.0.1",
		fmt.Sprintf("port=%d", p.port),
		"unix_socket_directories=" + p.socketDir(), // Empty: no socket.

		// These are the defaults. They are set so that no configuration file can
		// change them: an acknowledged commit must survive a power cut.
		"fsync=on",
		"synchronous_commit=on",
		"full_page_writes=on",

		// The balances and the newest entries stay in memory. The default of
		// 128 MB is meant for machines that also run many other programs.
		"shared_buffers=256MB",
		// Checkpoints are rare and spread out, because after each checkpoint the
		// first change of a page writes the whole page to the log. The recovery
		// of 4 GB of log takes well under a minute.
		"checkpoint_timeout=15min",
		"checkpoint_completion_target=0.9",
		"max_wal_size=4GB",
		// Under load, log files are reused, not created.
		"min_wal_size=512MB",
		// Whole pages are most of the log, and compress well.
		"wal_compression=on",
		"max_connections=100",
		// On a local solid state disk, a random read costs about as much as a
		// sequential read.
		"random_page_cost=1.1",
		// Compilation is useful for long analytical queries only. It delays short
		// queries that the planner expects to be long.
		"jit=off",
		// Balance rows are updated all the time. Frequent small vacuums keep the
		// tables small, and fresh statistics keep the query plans good. By
		// default, vacuum waits until a fifth of a table consists of dead rows.
		"autovacuum_naptime=15s",
		"autovacuum_vacuum_scale_factor=0.05",
		"autovacuum_vacuum_insert_scale_factor=0.1",
		"autovacuum_analyze_scale_factor=0.02",
		// With the default limit, vacuum would be too slow for the rate of updates
		// that solid state disks allow.
		"autovacuum_vacuum_cost_limit=1000",

		// Messages go to postgres.log through the inherited stderr. They are in
		// English, because exitError finds the cause of a failed start in them.
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

// serverEnv returns the environment of the server's programs: the environment of
// this process without the variables of PostgreSQL and of the language.
func serverEnv() []string {
	env := []string{"LC_ALL=C"}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "PG") && !strings.HasPrefix(v, "LC_") && !strings.HasPrefix(v, "LANG") {
			env = append(env, v)
		}
	}
	return env
}
