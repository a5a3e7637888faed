package snowflake

import (
	"github.com/headwaterhq/headwater/shared/source"
)

// Checks of a connection. Each looks at one thing, so that one mistake fails one check.
const (
	checkReach        = "snowflake.reach"
	checkNetwork      = "snowflake.network_policy"
	checkAuthenticate = "snowflake.authenticate"
	checkRole         = "snowflake.role"
	checkWarehouse    = "snowflake.warehouse_usage"
	checkResume       = "snowflake.warehouse_resume"
	checkDatabase     = "snowflake.database_usage"
	checkSchema       = "snowflake.schema_usage"
	checkTables       = "snowflake.select_tables"
	checkViews        = "snowflake.select_views"
	checkDiscover     = "snowflake.discover"
	checkFutureTables = "snowflake.future_tables"
	checkFutureViews  = "snowflake.future_views"
	checkTracking     = "snowflake.change_tracking"
	checkOverPower    = "snowflake.over_privilege"
)

// Checks lists the checks, in order.
func (s *session) Checks() []source.Check {
	c := &checker{session: s}
	return []source.Check{
		{Name: checkReach, Title: "Reach the account", Run: c.reach, Remedy: c.remedyLogin},
		{Name: checkNetwork, Title: "Pass the account's network policy", Requires: []string{checkReach}, Run: c.network, Remedy: c.remedyNetwork},
		{Name: checkAuthenticate, Title: "Log in", Requires: []string{checkNetwork}, Run: c.authenticate, Remedy: c.remedyLogin},
		{Name: checkRole, Title: "Use the role", Requires: []string{checkAuthenticate}, Run: c.role, Remedy: c.remedyRole},
		{Name: checkWarehouse, Title: "Use the warehouse", Requires: []string{checkRole}, Run: c.warehouse, Remedy: c.remedyWarehouse},
		{Name: checkResume, Title: "Have the warehouse run when it is needed", Requires: []string{checkWarehouse}, Run: c.resume, Remedy: c.remedyResume},
		{Name: checkDatabase, Title: "Use the databases", Requires: []string{checkRole}, Run: c.databases, Remedy: c.remedyDatabase},
		{Name: checkSchema, Title: "Use the schemas", Requires: []string{checkDatabase}, Run: c.schemas, Remedy: c.remedySchema},
		{Name: checkTables, Title: "Read the tables", Requires: []string{checkSchema}, Run: c.tables, Remedy: c.remedyTables},
		{Name: checkViews, Title: "Read the views", Requires: []string{checkSchema}, Run: c.views, Remedy: c.remedyViews},
		{Name: checkDiscover, Title: "List tables and their columns", Requires: []string{checkSchema}, Run: c.discover, Remedy: c.remedyTables},
		{Name: checkFutureTables, Title: "Read tables that are still to come", Advisory: true, Requires: []string{checkSchema}, Run: c.futureTables, Remedy: c.remedyTables},
		{Name: checkFutureViews, Title: "Read views that are still to come", Advisory: true, Requires: []string{checkSchema}, Run: c.futureViews, Remedy: c.remedyViews},
		{Name: checkTracking, Title: "Find changed rows by change tracking", Advisory: true, Requires: []string{checkTables}, Run: c.tracking, Remedy: c.remedyTables},
		{Name: checkOverPower, Title: "Look for rights that are not needed", Advisory: true, Requires: []string{checkRole}, Run: c.overPrivilege, Remedy: c.remedyRole},
	}
}
