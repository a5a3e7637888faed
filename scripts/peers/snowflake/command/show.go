package command

import "github.com/headwaterhq/headwater/scripts/peers/snowflake/refusal"

func (c *call) show() (Outcome, error)     { return Outcome{}, refusal.Unsupported("SHOW") }
func (c *call) describe() (Outcome, error) { return Outcome{}, refusal.Unsupported("DESCRIBE") }
