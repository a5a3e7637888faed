package connection_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
	"github.com/headwaterhq/headwater/shared/source"
)

var externalID = []source.Field{{Name: "external_id", Description: "made by us", Required: true, Generated: true, Pattern: `[a-z0-9-]+`}}

func TestCreateMakesWhatNobodyCanGive(t *testing.T) {
	w := newWorld()
	w.driver.settings = externalID
	seen := map[string]bool{}
	for _, name := range []string{"a", "b"} {
		n := newConnection()
		n.Name = name
		c, err := w.service().Create(t.Context(), "w", "ada", n)
		ok(t, err)
		made, _ := c.Settings["external_id"].(string)
		if !regexp.MustCompile(`^hw-[0-9a-f]{32}$`).MatchString(made) || seen[made] {
			t.Errorf("made %q, want something new", made)
		}
		seen[made] = true
		if _, ok := n.Settings["external_id"]; ok {
			t.Error("the caller's settings were changed")
		}
		same(t, "stored settings", c.Settings, w.connection(t, c.ID).Settings)
		setup, err := w.service().Setup(c)
		ok(t, err)
		if len(setup) != 1 || !strings.Contains(setup[0].Text, made) || !strings.Contains(setup[0].Text, "arn:aws:iam::1:root") {
			t.Errorf("setup %v, want it to name the id and who asks", setup)
		}
	}
	n := newConnection()
	n.Settings["external_id"] = "mine"
	_, err := w.service().Create(t.Context(), "w", "ada", n)
	problem, _ := fault.As(err)
	if problem == nil || problem.Code != fault.InvalidRequest || problem.Field != "settings.external_id" || strings.Contains(err.Error(), "mine") {
		t.Errorf("error %v, want settings.external_id refused", err)
	}
}

func TestSetupOfWhatWasKnownBefore(t *testing.T) {
	w := newWorld()
	c, _ := w.created(t)
	if setup, err := w.service().Setup(c); err != nil || setup != nil {
		t.Errorf("setup %v, %v; want none", setup, err)
	}
}

// TestSetupNamesTheConnection: a trust that knows connections apart by their ids cannot be set up before there is one.
func TestSetupNamesTheConnection(t *testing.T) {
	w := newWorld()
	w.driver.named = true
	c, _ := w.created(t)
	s := w.service()
	var asked source.GrantRequest
	s.Statements = func(_ string, req source.GrantRequest) ([]source.Grant, error) {
		asked = req
		return statements("mem", req)
	}
	setup, err := s.Setup(c)
	ok(t, err)
	if len(setup) != 1 || asked.Connection != c.ID || asked.Principal != s.Principal {
		t.Errorf("setup %v of %+v, want it to name %s", setup, asked, c.ID)
	}
	c.AuthMethod = "another"
	if setup, err := s.Setup(c); err != nil || setup != nil {
		t.Errorf("setup %v, %v of a method that names nothing; want none", setup, err)
	}
}

func TestGrants(t *testing.T) {
	w := newWorld()
	c, ref := w.created(t)
	all, err := w.service().Grants(t.Context(), "w", c.ID, nil)
	ok(t, err)
	if want := "mem key arn:aws:iam::1:root→key@mem [] map[] map[bucket:b]"; len(all) != 1 || all[0].Text != want {
		t.Errorf("grants %v, want %s", all, want)
	}
	_, err = w.service().Grants(t.Context(), "w", c.ID, []string{"a"})
	fails(t, err, fault.SchemaNotFound)

	w.driver.pages = [][]schema.Table{tables(`crm."a,b"`, "orders")}
	w.driver.pages[0][1].Kind = schema.View
	w.pass(t, ref)
	some, err := w.service().Grants(t.Context(), "w", c.ID, []string{"orders", `crm."a,b"`})
	ok(t, err)
	if !strings.Contains(some[0].Text, `["orders" "crm.\"a,b\""] map[crm."a,b": orders:view]`) {
		t.Errorf("grants %v, want them for both tables, and what they are", some)
	}
	_, err = w.service().Grants(t.Context(), "w", c.ID, []string{"orders", "order", ""})
	same(t, "problems", "tables[1] tables[2]", fieldsOf(err))
	_, err = w.service().Grants(t.Context(), "thief", c.ID, nil)
	fails(t, err, fault.ConnectionNotFound)
}

// pass carries a whole validation out.
func (w *world) pass(t *testing.T, ref connection.Ref) {
	t.Helper()
	_, err := w.validator().Check(t.Context(), ref)
	ok(t, err)
	_, err = w.validator().Discover(t.Context(), ref)
	ok(t, err)
	_, err = w.settler().Settle(t.Context(), ref, nil)
	ok(t, err)
}
