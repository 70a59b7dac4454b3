#pragma once

#include "core/plan.hpp"

/// The plan format, field by field: the one list that the reader, the JSON writer and the schema share.
/// A visitor has required(key, value) and optional(key, value).
namespace cloudshelf::plan {

template <class V>
void describe(V& v, core::Application& x) {
    v.required("name", x.name);
    v.required("title", x.title);
    v.optional("description", x.description);
    v.required("time-zone", x.time_zone);
}

template <class V>
void describe(V& v, core::Region& x) {
    v.required("name", x.name);
    v.required("role", x.role);
    v.required("mode", x.mode);
    v.optional("place", x.place);
    v.optional("runs", x.runs);
}

template <class V>
void describe(V& v, core::Service& x) {
    v.required("name", x.name);
    v.required("title", x.title);
    v.required("impact", x.impact);
    v.optional("impact-reason", x.impact_reason);
    v.required("priority", x.priority);
    v.required("rto", x.rto);
    v.required("rpo", x.rpo);
    v.optional("commit", x.commit);
    v.required("components", x.components);
    v.optional("recovered-by", x.recovered_by);
    v.optional("smoke-tests", x.smoke_tests);
}

template <class V>
void describe(V& v, core::Distribution& x) {
    v.required("component", x.component);
    v.required("primary", x.primary);
    v.required("standby", x.standby);
    v.required("failover", x.failover);
}

template <class V>
void describe(V& v, core::DatabaseReplica& x) {
    v.required("name", x.name);
    v.required("region", x.region);
    v.optional("zone", x.zone);
    v.optional("multi-zone", x.multi_zone);
    v.optional("public-access", x.public_access);
    v.optional("encrypted", x.encrypted);
}

template <class V>
void describe(V& v, core::DailyWindow& x) {
    v.required("from", x.from);
    v.required("to", x.to);
}

template <class V>
void describe(V& v, core::WeeklyWindow& x) {
    v.required("day", x.day);
    v.required("from", x.from);
    v.required("to", x.to);
}

template <class V>
void describe(V& v, core::DatabaseBackup& x) {
    v.required("retention", x.retention);
    v.required("window", x.window);
}

template <class V>
void describe(V& v, core::Database& x) {
    v.required("name", x.name);
    v.required("engine", x.engine);
    v.required("version", x.version);
    v.required("primary", x.primary);
    v.required("replicas", x.replicas);
    v.required("critical-tables", x.critical_tables);
    v.optional("synchronous-tables", x.synchronous_tables);
    v.required("sync-policy", x.sync_policy);
    v.required("backup", x.backup);
    v.required("maintenance", x.maintenance);
    v.optional("recovery-settings", x.recovery_settings);
    v.optional("deletion-protection", x.deletion_protection);
    v.optional("performance-insights", x.performance_insights);
    v.optional("monitoring-interval", x.monitoring_interval);
    v.optional("exported-logs", x.exported_logs);
}

template <class V>
void describe(V& v, core::TableBackup& x) {
    v.required("every", x.every);
    v.required("retention", x.retention);
    v.required("name", x.name);
    v.optional("tags", x.tags);
}

template <class V>
void describe(V& v, core::Table& x) {
    v.required("name", x.name);
    v.required("regions", x.regions);
    v.optional("point-in-time-recovery", x.point_in_time_recovery);
    v.optional("stream", x.stream);
    v.optional("backup", x.backup);
}

template <class V>
void describe(V& v, core::Bucket& x) {
    v.required("name", x.name);
    v.required("region", x.region);
    v.required("replica", x.replica);
    v.required("replica-region", x.replica_region);
    v.required("rule", x.rule);
    v.optional("role", x.role);
    v.optional("prefix", x.prefix);
    v.optional("replica-storage-class", x.replica_storage_class);
    v.optional("replica-key", x.replica_key);
    v.optional("versioned", x.versioned);
    v.optional("replicate-delete-markers", x.replicate_delete_markers);
}

template <class V>
void describe(V& v, core::Edge& x) {
    v.required("name", x.name);
    v.required("bucket", x.bucket);
    v.optional("failover-statuses", x.failover_statuses);
    v.optional("connect-timeout", x.connect_timeout);
    v.optional("read-timeout", x.read_timeout);
    v.optional("dead-for", x.dead_for);
}

template <class V>
void describe(V& v, core::Function& x) {
    v.required("name", x.name);
    v.optional("primary-name", x.primary_name);
    v.required("standby-name", x.standby_name);
    v.optional("uses", x.uses);
    v.optional("package", x.package);
    v.optional("paths", x.paths);
    v.optional("alias", x.alias);
    v.optional("memory-mib", x.memory_mib);
    v.optional("timeout", x.timeout);
    v.optional("environments", x.environments);
    v.optional("environment", x.environment);
    v.optional("standby-environment", x.standby_environment);
    v.optional("warm-up", x.warm_up);
    v.optional("smoke", x.smoke);
}

template <class V>
void describe(V& v, core::PublicName& x) {
    v.required("name", x.name);
    v.required("type", x.type);
    v.required("points-to", x.points_to);
}

template <class V>
void describe(V& v, core::FailoverRecord& x) {
    v.required("name", x.name);
    v.required("type", x.type);
    v.required("set", x.set);
    v.required("failover", x.failover);
    v.required("region", x.region);
    v.required("target", x.target);
    v.optional("evaluate-target-health", x.evaluate_target_health);
    v.required("health-check", x.health_check);
}

template <class V>
void describe(V& v, core::HealthCheck& x) {
    v.required("name", x.name);
    v.required("region", x.region);
    v.required("type", x.type);
    v.required("host", x.host);
    v.required("port", x.port);
    v.required("path", x.path);
    v.required("interval", x.interval);
    v.required("failure-threshold", x.failure_threshold);
}

template <class V>
void describe(V& v, core::Traffic& x) {
    v.required("zone", x.zone);
    v.optional("hosted-zone", x.hosted_zone);
    v.required("names", x.names);
    v.optional("records", x.records);
    v.optional("health-checks", x.health_checks);
}

template <class V>
void describe(V& v, core::Detection& x) {
    v.required("vantages", x.vantages);
    v.required("quorum", x.quorum);
    v.optional("heed-replica", x.heed_replica);
}

template <class V>
void describe(V& v, core::Guards& x) {
    v.required("lag-bytes-max", x.lag_bytes_max);
    v.required("lag-max", x.lag_max);
    v.optional("standby-healthy", x.standby_healthy);
    v.optional("smoke-tests-green", x.smoke_tests_green);
}

template <class V>
void describe(V& v, core::Moves& x) {
    v.required("max", x.max);
    v.required("window", x.window);
    v.optional("acknowledge-before-next", x.acknowledge_before_next);
}

template <class V>
void describe(V& v, core::Safety& x) {
    v.required("policy", x.policy);
    v.required("guards", x.guards);
    v.required("moves", x.moves);
    v.required("soak", x.soak);
}

template <class V>
void describe(V& v, core::TimingProfile& x) {
    v.required("name", x.name);
    v.required("base", x.base);
    v.optional("lease", x.lease);
    v.optional("beat", x.beat);
    v.optional("drift-ppm", x.drift_ppm);
    v.optional("fencer-margin", x.fencer_margin);
    v.optional("probe-interval", x.probe_interval);
    v.optional("probe-timeout", x.probe_timeout);
    v.optional("failure-threshold", x.failure_threshold);
    v.optional("hold-down", x.hold_down);
    v.optional("dns-ttl", x.dns_ttl);
}

template <class V>
void describe(V& v, core::TimingChoice& x) {
    v.required("profile", x.profile);
    v.optional("profiles", x.profiles);
}

template <class V>
void describe(V& v, core::SmokeTest& x) {
    v.required("name", x.name);
    v.required("method", x.method);
    v.required("path", x.path);
    v.optional("body", x.body);
    v.optional("expected-status", x.expected_status);
}

template <class V>
void describe(V& v, core::Step& x) {
    v.required("name", x.name);
    v.required("action", x.action);
    v.optional("after", x.after);
    v.required("limit", x.limit);
    v.optional("retries", x.retries);
    v.optional("retry-delay", x.retry_delay);
    v.optional("approval", x.approval);
    v.optional("essential", x.essential);
    v.optional("undo", x.undo);
}

template <class V>
void describe(V& v, core::Procedure& x) {
    v.required("name", x.name);
    v.required("mode", x.mode);
    v.required("steps", x.steps);
}

template <class V>
void describe(V& v, core::Subscription& x) {
    v.required("protocol", x.protocol);
    v.required("endpoint", x.endpoint);
}

template <class V>
void describe(V& v, core::Topic& x) {
    v.required("name", x.name);
    v.required("region", x.region);
    v.optional("subscriptions", x.subscriptions);
}

template <class V>
void describe(V& v, core::Alarm& x) {
    v.required("name", x.name);
    v.required("metric", x.metric);
    v.required("health-check", x.health_check);
    v.required("statistic", x.statistic);
    v.required("period", x.period);
    v.required("evaluation-periods", x.evaluation_periods);
    v.required("below", x.below);
    v.required("topics", x.topics);
    v.optional("starts", x.starts);
}

template <class V>
void describe(V& v, core::IncidentLevel& x) {
    v.required("level", x.level);
    v.required("name", x.name);
    v.required("description", x.description);
    v.required("response", x.response);
    v.required("recovery", x.recovery);
}

template <class V>
void describe(V& v, core::RunbookTask& x) {
    v.required("title", x.title);
    v.required("actions", x.actions);
}

template <class V>
void describe(V& v, core::RunbookPhase& x) {
    v.required("name", x.name);
    v.required("from", x.from);
    v.optional("to", x.to);
    v.required("tasks", x.tasks);
}

template <class V>
void describe(V& v, core::Runbook& x) {
    v.required("name", x.name);
    v.optional("level", x.level);
    v.required("phases", x.phases);
}

template <class V>
void describe(V& v, core::ContinuityArea& x) {
    v.required("area", x.area);
    v.required("tasks", x.tasks);
}

template <class V>
void describe(V& v, core::Continuity& x) {
    v.required("first-status-update", x.first_status_update);
    v.required("areas", x.areas);
}

template <class V>
void describe(V& v, core::Stakeholder& x) {
    v.required("group", x.group);
    v.required("methods", x.methods);
    v.required("frequency", x.frequency);
    v.optional("every", x.every);
    v.required("content", x.content);
}

template <class V>
void describe(V& v, core::Drill& x) {
    v.required("name", x.name);
    v.required("title", x.title);
    v.required("cadence", x.cadence);
    v.required("duration", x.duration);
    v.required("scope", x.scope);
    v.required("success", x.success);
    v.optional("rto", x.rto);
    v.optional("procedure", x.procedure);
    v.optional("endpoints", x.endpoints);
}

template <class V>
void describe(V& v, core::DrillResults& x) {
    v.required("period", x.period);
    v.required("total", x.total);
    v.required("passed", x.passed);
    v.required("failed", x.failed);
    v.required("average-rto", x.average_rto);
    v.required("average-rpo", x.average_rpo);
    v.optional("rto-improvement", x.rto_improvement);
    v.optional("trend", x.trend);
    v.optional("failure-patterns", x.failure_patterns);
    v.optional("next-actions", x.next_actions);
}

template <class V>
void describe(V& v, core::CostItem& x) {
    v.required("name", x.name);
    v.required("monthly", x.monthly);
}

template <class V>
void describe(V& v, core::Stated& x) {
    v.required("what", x.what);
    v.optional("money", x.money);
    v.optional("duration", x.duration);
    v.optional("percent", x.percent);
    v.required("source", x.source);
}

template <class V>
void describe(V& v, core::Costs& x) {
    v.required("items", x.items);
    v.optional("stated", x.stated);
    v.optional("ideas", x.ideas);
}

template <class V>
void describe(V& v, core::Revenue& x) {
    v.required("peak", x.peak);
    v.required("off-peak", x.off_peak);
    v.required("weekend", x.weekend);
    v.required("holiday", x.holiday);
    v.required("peak-hours", x.peak_hours);
    v.optional("holidays", x.holidays);
}

template <class V>
void describe(V& v, core::Availability& x) {
    v.required("target", x.target);
    v.required("acceptable-loss-per-year", x.acceptable_loss_per_year);
}

template <class V>
void describe(V& v, core::Maturity& x) {
    v.required("recovery-fastest", x.recovery_fastest);
    v.required("recovery-full", x.recovery_full);
    v.required("recovery-point", x.recovery_point);
    v.required("automated", x.automated);
    v.required("coverage", x.coverage);
    v.optional("enhancements", x.enhancements);
    v.optional("reviews", x.reviews);
}

template <class V>
void describe(V& v, core::Plan& x) {
    v.required("format", x.format);
    v.required("application", x.application);
    v.required("regions", x.regions);
    v.required("services", x.services);
    v.optional("distribution", x.distribution);
    v.required("databases", x.databases);
    v.optional("tables", x.tables);
    v.optional("buckets", x.buckets);
    v.optional("edge", x.edge);
    v.optional("functions", x.functions);
    v.required("traffic", x.traffic);
    v.required("detection", x.detection);
    v.required("safety", x.safety);
    v.required("timing", x.timing_choice);
    v.required("smoke-tests", x.smoke_tests);
    v.required("procedures", x.procedures);
    v.optional("topics", x.topics);
    v.optional("alarms", x.alarms);
    v.optional("incidents", x.incidents);
    v.optional("runbooks", x.runbooks);
    v.optional("continuity", x.continuity);
    v.optional("stakeholders", x.stakeholders);
    v.optional("drills", x.drills);
    v.optional("last-drills", x.last_drills);
    v.required("revenue", x.revenue);
    v.required("availability", x.availability);
    v.required("costs", x.costs);
    v.optional("maturity", x.maturity);
}

}  // namespace cloudshelf::plan
