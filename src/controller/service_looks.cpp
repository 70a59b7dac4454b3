#include "controller/service_looks.hpp"

#include "base/assert.hpp"
#include "io/clock.hpp"

#include <fmt/format.h>

#include <functional>

namespace cloudshelf::controller {

ServiceLooks::ServiceLooks(
    io::Executor executor, const std::vector<ApplicationConfig>& applications, const RegionName& site
)
    : here_(site.value()),
      // A seed of the site's own, so that the sites do not fall into step with each other.
      rounds_(
          std::move(executor),
          {.schedule = {.seed = std::hash<std::string>()(site.value())}},
          [this](core::ProbeId id, const probe::Rounds::Look& look) { saw(id, look); }
      ) {
    for (const auto& application : applications) {
        const auto& services = application.services;
        for (const auto& region : application.sites) {
            if (region.witness) continue;
            for (const auto& path : services.paths) {
                const auto added = rounds_.add(
                    {.endpoint = region.gateway, .path = path, .connections = probe::Connections::kept},
                    services.interval,
                    core::ProbePacing::fixed
                );
                CLOUDSHELF_ASSERT(added);  // the configuration was checked when it was read
                names_.resize(added->value() + 1);
                auto& name = names_[added->value()];
                name = core::CheckName(fmt::format("{}/{}{}", application.name, region.region.value(), path));
                const auto put = checks_.put({.name = name, .interval = services.interval}, io::now());
                CLOUDSHELF_ASSERT(put);
            }
        }
    }
}

void ServiceLooks::saw(core::ProbeId id, const probe::Rounds::Look& look) {
    looks_.add(look.late);
    failures_ += core::is_failure(look.result.observation) ? 1 : 0;
    checks_.saw(names_[id.value()], here_, look.result.observation, io::now());
}

}  // namespace cloudshelf::controller
