package command_test

import (
	"testing"

	"github.com/headwaterhq/headwater/scripts/peers/snowflake/command"
)

func TestClassify(t *testing.T) {
	for text, want := range map[string]command.Class{
		"select 1": command.Reading, "-- x\n(select 1)": command.Reading, "with a as (select 1) select * from a": command.Reading, "show tables": command.Reading, "desc table t": command.Reading,
		"alter session set query_tag = 'x'": command.Sessions, "use role r": command.Sessions, "begin": command.Sessions,
		"alter table t set change_tracking = true": command.Mutating, "insert into t values (1)": command.Mutating, "call p()": command.Mutating, "create temporary table t (a int)": command.Mutating,
		"grant select on t to role r": command.Mutating, "put file://x @s": command.Mutating, "truncate t": command.Mutating, "anything else": command.Mutating,
	} {
		if got := command.Classify(text); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
}
