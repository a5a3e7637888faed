package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/headwaterhq/headwater/scripts/local/sts"
	"github.com/headwaterhq/headwater/scripts/seed/dataset"
)

// Role is a role in the customer's account. Both policies are IAM policy documents.
type Role struct{ ARN, Trust, Policy string }

// RoleARN is the role that the demo's customer makes for Headwater.
const RoleARN = "arn:aws:iam::222233334444:role/headwater-demo-shop"

// PutRole makes a role, as its owner does in IAM.
func (s *Stage) PutRole(r Role) error {
	return s.Roles.Put(sts.Role{ARN: r.ARN, Trust: r.Trust, Policy: r.Policy})
}

// ByRole does the main job without a key: it names a role that does not exist
// yet, makes it of nothing but what the API says to paste, validates again, and
// imports with it.
func (j *Job) ByRole(ctx context.Context, put func(Role) error) error {
	j.say("role", "connecting by %s", RoleARN)
	c, err := j.create(ctx, "Shop data, by a role", "s3",
		map[string]any{"bucket": j.Bucket, "prefix": Prefix, "region": "us-east-1"},
		map[string]any{"method": "role", "role_arn": RoleARN})
	if err != nil {
		return err
	}
	role, err := pasted(c)
	if err != nil {
		return err
	}
	if err := put(role); err != nil {
		return err
	}
	if err := j.revalidate(ctx, &c); err != nil {
		return err
	}
	for _, k := range c.LastValidation.Checks {
		j.say("", "%-7s %-22s %s", k.Outcome, k.Name, k.Detail)
		if k.Name == "s3.external_id" && k.Outcome != "pass" {
			return errors.New("the role can be had without the external ID")
		}
	}
	if c.Status != "active" {
		return fmt.Errorf("the connection by a role is %s: %s", c.Status, c.StatusChange.Reason)
	}
	return j.importHouseholds(ctx, c)
}

// pasted is the role that the refused connection asks for: its trust policy from
// the failed check's remedy, its permissions from the set-up.
func pasted(c connection) (Role, error) {
	role := Role{ARN: RoleARN}
	for _, k := range c.LastValidation.Checks {
		if k.Outcome == "fail" && k.Name == "s3.authenticate" && k.Remedy != nil {
			role.Trust = k.Remedy.Snippet
		}
	}
	if i := slices.IndexFunc(c.Setup, func(g grant) bool { return g.Language == "iam_policy" }); i >= 0 {
		role.Policy = c.Setup[i].Text
	}
	if c.Status != "inactive" || role.Trust == "" || role.Policy == "" {
		return role, fmt.Errorf("the connection by a role that does not exist is %s, and does not say how to make it", c.Status)
	}
	return role, nil
}

// revalidate validates a connection again and waits for the end.
func (j *Job) revalidate(ctx context.Context, c *connection) error {
	if err := j.API.Post(ctx, "/v1/connections/"+c.ID+"/validations", nil, nil); err != nil {
		return err
	}
	return poll(ctx, func() (bool, error) {
		*c = connection{ID: c.ID}
		err := j.API.Get(ctx, "/v1/connections/"+c.ID, c)
		return c.Status != "processing", err
	})
}

func (j *Job) importHouseholds(ctx context.Context, c connection) error {
	all := imports(c.ID)
	wanted := all[slices.IndexFunc(all, func(n newImport) bool { return n.Table == dataset.Households })]
	wanted.Name += ", by a role" + j.Label
	var i imported
	if err := j.API.Post(ctx, "/v1/imports", wanted, &i); err != nil {
		return err
	}
	var r run
	if err := j.API.Post(ctx, "/v1/imports/"+i.ID+"/runs", nil, &r); err != nil {
		return err
	}
	return j.follow(ctx, i, r.ID)
}
