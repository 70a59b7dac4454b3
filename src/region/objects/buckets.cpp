#include "region/objects/buckets.hpp"

#include <ranges>

namespace cloudshelf::objects {
namespace {

constexpr std::string_view bucket_records = "bucket/";
constexpr std::string_view next_key = "next";

std::string record_key(std::string_view name) {
    return std::string(bucket_records).append(name);
}

KnownBucketPtr named(const std::map<std::string, KnownBucketPtr, std::less<>>& buckets, std::string_view name) {
    const auto found = buckets.find(name);
    return found == buckets.end() ? nullptr : found->second;
}

Result<KnownBucketPtr> known(Bucket bucket) {
    auto settings = read_settings(bucket);
    if (!settings) return fail(settings.error());
    return std::make_shared<const KnownBucket>(std::move(bucket), std::move(*settings));
}

Result<KnownBucketPtr> decode(std::string_view record) {
    auto bucket = decode_bucket(record);
    if (!bucket) return fail(bucket.error());
    return known(std::move(*bucket));
}

}  // namespace

Result<void> Buckets::load() {
    Result<void> all_good;
    const auto take = [&](std::string_view, std::string_view record) {
        const auto bucket = decode(record);
        if (!bucket) {
            all_good = fail(bucket.error());
            return false;
        }
        decided_.insert_or_assign((*bucket)->name, *bucket);
        return true;
    };
    const auto range = changelog::KeyRange::prefix(bucket_records);
    if (auto read = log_->view().scan(storage_.catalogue, range, take); !read) return read;
    const std::scoped_lock lock(mutex_);
    visible_ = decided_;
    return all_good;
}

KnownBucketPtr Buckets::find(std::string_view name) const {
    const std::scoped_lock lock(mutex_);
    return named(visible_, name);
}

std::vector<KnownBucketPtr> Buckets::all() const {
    const std::scoped_lock lock(mutex_);
    const auto buckets = visible_ | std::views::values;
    return {buckets.begin(), buckets.end()};
}

KnownBucketPtr Buckets::decided(std::string_view name) const {
    return named(decided_, name);
}

KnownBucketPtr Buckets::decided(const KnownBucket& before) const {
    auto bucket = decided(before.name);
    return bucket && bucket->number == before.number ? bucket : nullptr;
}

io::Task<Result<KnownBucketPtr>> Buckets::change(std::string name, Change change) {
    changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) { return change_in(batch, name, change); };
    const auto written = co_await log_->write(std::move(decision));
    if (!written) co_return fail(written.error());
    settle(name);
    co_return find(name);
}

Result<void> Buckets::change_in(changelog::Batch& batch, const std::string& name, const Change& change) {
    const auto current = decided(name);
    auto next = change(current.get(), batch);
    if (!next) return fail(next.error());
    if (!*next) {
        batch.erase(storage_.catalogue, record_key(name));
        decided_.erase(name);
        return {};
    }
    if (!current) {
        const auto number = next_number(batch);
        if (!number) return fail(number.error());
        (*next)->number = *number;
    }
    const std::string record = encode_bucket(**next);
    auto after = known(std::move(**next));
    if (!after) return fail(after.error());
    batch.put(storage_.catalogue, record_key(name), record);
    decided_.insert_or_assign(name, std::move(*after));
    return {};
}

void Buckets::settle(const std::string& name) {
    // From storage and not from `decided_`, which may be ahead of what is durable. The lock is held while it is read,
    // so that of two changes that settle at once the newer one stays.
    const std::scoped_lock lock(mutex_);
    const auto record = log_->view().get(storage_.catalogue, record_key(name));
    if (!record) return;  // the disk fails: the bucket stays as it was known, and every write reports the failure
    if (!*record) {
        visible_.erase(name);
        return;
    }
    if (auto bucket = decode(**record)) visible_.insert_or_assign(name, std::move(*bucket));
}

Result<BucketNumber> Buckets::next_number(changelog::Batch& batch) {
    const auto stored = batch.get(storage_.catalogue, next_key);
    if (!stored) return fail(stored.error());
    const auto number = static_cast<std::uint32_t>(std::stoul(stored->value_or("1")));
    batch.put(storage_.catalogue, next_key, std::to_string(number + 1));
    return BucketNumber(number);
}

}  // namespace cloudshelf::objects
