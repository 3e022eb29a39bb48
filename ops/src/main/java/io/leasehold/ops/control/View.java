package io.leasehold.ops.control;

/**
 * What a daemon reports, as it appears in JSON: the member {@code kind} (the record's name without
 * {@code View}), then the components under their own names. An empty {@code Optional} is {@code
 * null}; lists and maps are never null. Numbers carry their unit in their name.
 */
public sealed interface View
        permits BillView,
                BranchView,
                BranchesView,
                ConfigCheckView,
                ConfigView,
                ExplainView,
                FleetView,
                LinksView,
                ReadyView,
                StatusView,
                VerifyView,
                VersionView,
                VolumeView,
                WhyView {}
