//go:build crosscheck

package secretsmanager_test

import (
	"encoding/base64"
	"maps"
	"strconv"
	"strings"
)

// script makes the requests of a case; the parameters are what stands in brackets behind its name.
type script func(r *replay, parameters string)

func scripts() map[string]script {
	return map[string]script{
		"test_can_recreate_delete_secret":                              recreate,
		"test_exp_raised_on_creation_of_secret_scheduled_for_deletion": createScheduled,
		"test_create_and_update_secret":                                createAndUpdate,
		"test_call_lists_secrets_multiple_times":                       listOften,
		"test_call_lists_secrets_multiple_times_snapshots":             listOften,
		"test_create_multi_secrets":                                    createThree,
		"test_create_multi_secrets_snapshot":                           createThree,
		"test_put_secret_value_with_version_stages":                    putStages,
		"test_invalid_secret_name":                                     invalidName,
		"test_update_secret_description":                               updateDescription,
		"test_secret_not_found":                                        notFound,
		"test_secret_exists_snapshots":                                 exists,
		"test_no_client_request_token":                                 noToken,
		"test_create_secret_version_from_empty_secret":                 createEmpty,
		"test_secret_restore":                                          restore,
		"test_secret_tags":                                             tags,
		"test_tag_untag_resource_on_deleted_secret":                    tagDeleted,
		"test_get_secret_value_errors":                                 valueErrors,
		"test_secret_version_not_found":                                versionNotFound,
		"test_get_secret_value":                                        binaryValue,
		"test_change_secret_value_after_creation":                      binaryChanges,
		"test_force_delete_deleted_secret":                             forceDelete,
		"test_resource_policy":                                         resourcePolicy,
		"test_rotate_secret_with_lambda_success":                       rotate,
		"test_rotate_secret_multiple_times_with_lambda_success":        rotateTwice,
		"test_rotate_secret_invalid_lambda_arn":                        rotateInvalid,
		"test_first_rotate_secret_with_missing_lambda_arn":             rotateMissing,

		"test_update_secret_version_stages_return_type":                           stageReturnType,
		"test_update_secret_version_stages_current_previous":                      currentPrevious,
		"test_update_secret_version_stages_current_pending":                       currentPending,
		"test_update_secret_version_stages_current_pending_cycle":                 pendingCycle,
		"test_update_secret_version_stages_current_pending_cycle_custom_stages_1": customStages1,
		"test_update_secret_version_stages_current_pending_cycle_custom_stages_2": customStages2,
		"test_update_secret_version_stages_current_pending_cycle_custom_stages_3": customStages3,
		"test_non_versioning_version_stages_replacement":                          replaceStages,
		"test_non_versioning_version_stages_no_replacement":                       keepStage,
		"test_deprecated_secret_version_stage":                                    deprecated,
	}
}

func recreate(r *replay, _ string) {
	r.create("create_secret_res_0", object{"SecretString": "one"})
	r.delete("delete_res_1", "first")
	r.create("create_secret_res_1", object{"SecretString": "two"})
}

func createScheduled(r *replay, _ string) {
	r.create("", object{"SecretString": "one"})
	r.step("delete_res", "DeleteSecret", object{"SecretId": "first"})
	r.create("invalid_req_ex", object{"SecretString": "two"})
}

// createAndUpdate reads a secret by its name, its ARN, and its ARN without the random end.
func createAndUpdate(r *replay, name string) {
	name = strings.TrimSuffix(strings.TrimSuffix(name, "-True"), "-False")
	r.bound["<SecretId-0idx>"] = name
	made := r.create("create_secret_rs_1", object{"Name": name, "SecretString": "my_secret", "Description": "Testing secret creation."})
	arn := made["ARN"].(string)
	get := func(step, id string) { r.step(step, "GetSecretValue", object{"SecretId": id}) }
	get("get_secret_value_rs_1", name)
	r.step("describe_secret_rs_1", "DescribeSecret", object{"SecretId": name})
	get("get_secret_value_rs_2", arn)
	partial := arn[:len(arn)-len("-123456")]
	if _, fails := r.rec.Content["resource_not_found_dict_1"]; fails {
		get("resource_not_found_dict_1", partial)
	} else {
		get("get_secret_value_rs_3", partial)
	}
	r.step("put_secret_value_rs_1", "PutSecretValue", r.with(object{"SecretId": name, "SecretString": "new_secret"}))
	get("get_secret_value_rs_4", name)
	r.step("update_secret_res_1", "UpdateSecret", r.with(object{"SecretId": name, "SecretString": "newer_secret", "Description": "d1"}))
	r.delete("delete_secret_res_1", name)
}

func listOften(r *replay, _ string) {
	r.create("create_secret_rs_1", object{"SecretString": "s", "Description": "testing creation of secrets"})
	for _, step := range []string{"list_secrets_res_0", "list_secrets_res_1", "list_secrets_res_2"} {
		r.step(step, "ListSecrets", object{})
	}
	r.delete("delete_secret_res_1", "first")
}

func createThree(r *replay, _ string) {
	for i, name := range []string{"first", "second", "third"} {
		r.bound["<SecretId-"+strconv.Itoa(i)+"idx>"] = name
		r.create("", object{"Name": name, "SecretString": "s", "Description": "Testing secrets creation."})
	}
	r.step("list_secrets_res", "ListSecrets", object{})
	for i, name := range []string{"first", "second", "third"} {
		r.delete("delete_secret_res"+strconv.Itoa(i), name)
	}
}

func putStages(r *replay, _ string) {
	r.create("create_secret_rs_0", object{"SecretString": "secret_string_v0"})
	r.get("get_secret_value_res_0", nil)
	r.put("put_secret_value_res_1", "secret_string_v1", "SAMPLESTAGE1", "SAMPLESTAGE0")
	r.get("get_secret_value_res_1", nil)
	r.put("put_secret_value_res_2", "secret_string_v2", "SAMPLESTAGE1", "SAMPLESTAGE0")
	r.get("get_secret_value_res_2", nil)
	r.put("put_secret_value_res_3", "secret_string_v3", "AWSPENDING")
	r.get("get_secret_value_res_3", nil)
	r.put("put_secret_value_res_4", "secret_string_v4")
	r.get("get_secret_value_res_4", nil)
	r.delete("delete_secret_res_1", "first")
}

// invalidName calls every operation that takes a name. Their answers are the same, whatever their order was.
func invalidName(r *replay, name string) {
	name = strings.ReplaceAll(name, `\\`, `\`)
	id := func(more object) object {
		in := object{"SecretId": name}
		maps.Copy(in, more)
		return in
	}
	r.step("ex_log_1", "CreateSecret", r.with(object{"Name": name, "SecretString": "s"}))
	r.step("ex_log_2", "DeleteSecret", id(nil))
	r.step("ex_log_3", "DescribeSecret", id(nil))
	r.step("ex_log_4", "GetSecretValue", id(nil))
	r.step("ex_log_5", "ListSecretVersionIds", id(nil))
	r.step("ex_log_6", "PutSecretValue", r.with(id(object{"SecretString": "s"})))
	r.step("ex_log_7", "TagResource", id(object{"Tags": []object{{"Key": "k", "Value": "v"}}}))
	r.step("ex_log_8", "UntagResource", id(object{"TagKeys": []string{"k"}}))
	r.step("ex_log_9", "UpdateSecret", r.with(id(object{"Description": "d"})))
	r.step("ex_log_10", "ValidateResourcePolicy", id(object{"ResourcePolicy": "{}"}))
}

func updateDescription(r *replay, _ string) {
	update := func(step string, in object) {
		in["SecretId"] = "first"
		r.step(step, "UpdateSecret", r.with(in))
	}
	r.create("create_secret_rs_0", object{"SecretString": "s0"})
	r.describe("describe_secret_res_0")
	update("update_secret_res_0", object{"Description": "MyDescription"})
	r.describe("describe_secret_res_1")
	update("update_secret_res_1", object{"SecretString": "s1", "Description": "MyNewDescription"})
	r.describe("describe_secret_res_2")
	update("update_secret_res_2", object{"SecretString": "s2"})
	r.describe("describe_secret_res_3")
	update("update_secret_res_3", object{})
	r.describe("describe_secret_res_4")
	r.delete("delete_secret_res_0", "first")
}

func notFound(r *replay, _ string) {
	r.get("get_secret_value_not_found_ex", nil)
	r.versions("list_secret_version_ids_not_found_ex")
}

func exists(r *replay, _ string) {
	r.create("", object{"SecretString": "s"})
	r.create("ex_log", object{"SecretString": "s"})
	r.delete("delete_secret_res", "first")
}

func noToken(r *replay, operation string) {
	in := object{"SecretId": "first", "SecretString": "s"}
	switch operation {
	case "CreateSecret":
		in = object{"Name": "another", "SecretString": "s"}
	case "RotateSecret":
		in = object{"SecretId": "first"}
	}
	r.create("", object{"SecretString": "s"})
	r.step("no-client-request-exc", operation, in)
}

func createEmpty(r *replay, _ string) {
	r.create("create-empty-secret", object{})
	r.describe("describe-secret")
	r.put("put-secret-value", "s")
}

func restore(r *replay, _ string) {
	r.create("", object{"SecretString": "s"})
	r.step("delete_secret_res", "DeleteSecret", object{"SecretId": "first"})
	r.step("restore_secret_res", "RestoreSecret", object{"SecretId": "first"})
}

func tags(r *replay, _ string) {
	tag := func(name string) object { return object{"Key": "tag" + name, "Value": "value" + name} }
	add := func(names ...string) object {
		var all []object
		for _, name := range names {
			all = append(all, tag(name))
		}
		return object{"SecretId": "first", "Tags": all}
	}
	remove := func(keys ...string) object { return object{"SecretId": "first", "TagKeys": keys} }
	r.create("create_secret", object{})
	r.describe("describe_secret")
	r.step("tag_resource_1", "TagResource", add("1"))
	r.describe("describe_secret_1")
	r.step("tag_resource_2", "TagResource", add("2"))
	r.describe("describe_secret_2")
	r.step("untag_resource_1", "UntagResource", remove("tag1"))
	r.describe("describe_secret_3")
	r.step("untag_resource_2", "UntagResource", remove("tag2"))
	r.describe("describe_secret_4")
	r.send("TagResource", add("3", "4"))
	r.describe("describe_secret_5")
	r.send("UntagResource", remove("tag3", "tag4"))
	r.describe("describe_secret_6")
}

func tagDeleted(r *replay, _ string) {
	r.create("create_secret", object{"SecretString": "s"})
	r.step("delete_secret", "DeleteSecret", object{"SecretId": "first"})
	r.step("tag_deleted_secret_error", "TagResource", object{"SecretId": "first", "Tags": []object{{"Key": "k", "Value": "v"}}})
	r.step("untag_deleted_secret_error", "UntagResource", object{"SecretId": "first", "TagKeys": []string{"k"}})
}

func valueErrors(r *replay, _ string) {
	made := r.create("", object{"SecretString": "s"})
	r.get("error_get_secret_value_non_existing", object{"VersionStage": "AWSPREVIOUS"})
	r.get("mismatch_version_id_and_stage", object{"VersionId": made["VersionId"], "VersionStage": "AWSPREVIOUS"})
}

func versionNotFound(r *replay, _ string) {
	r.create("", object{})
	r.get("get_secret_value_no_version_ex", nil)
	r.get("get_secret_value_version_not_found_ex", object{"VersionId": "00000000-0000-4000-8000-999999999999"})
	r.get("get_secret_value_stage_not_found_ex", object{"VersionStage": "AWSPENDING"})
}

func encoded(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func binaryValue(r *replay, _ string) {
	r.create("", object{"SecretBinary": encoded("footest")})
	r.get("secret_value_response", nil)
	r.get("secret_value_http_response", nil)
}

func binaryChanges(r *replay, parameters string) {
	first, second, _ := strings.Cut(parameters, "-")
	plain := func(text string) string {
		out, err := strconv.Unquote(`"` + text + `"`)
		if err != nil {
			r.t.Fatal(err)
		}
		return out
	}
	r.create("", object{"SecretBinary": encoded("initial")})
	r.get("put_secret_value_secret_response", nil)
	r.send("PutSecretValue", r.with(object{"SecretId": "first", "SecretBinary": encoded(plain(first))}))
	r.get("put_secret_binary_response_updated", nil)
	r.send("UpdateSecret", r.with(object{"SecretId": "first", "SecretBinary": encoded(plain(second))}))
	r.get("update_secret_binary_response_updated", nil)
}

func forceDelete(r *replay, _ string) {
	r.create("create_secret_response", object{"SecretString": "s"})
	r.step("delete_secret_response", "DeleteSecret", object{"SecretId": "first"})
	r.describe("describe_secret_response")
	r.delete("force_delete_secret_response", "first")
}

func resourcePolicy(r *replay, _ string) {
	r.create("", object{"SecretString": "s"})
	r.step("put_resource_policy", "PutResourcePolicy", object{"SecretId": "first", "ResourcePolicy": "{}"})
	r.step("get_resource_policy", "GetResourcePolicy", object{"SecretId": "first"})
}
