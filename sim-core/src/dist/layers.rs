//! The layers of the ziggurat of the exponential law, as numbers: what is drawn most of all needs no look whether the table has
//! been made already.

use super::LAYERS;

/// Right end of each layer: what `ziggurat` finds, bit for bit, which a test sees to.
pub(super) static EXPONENTIAL: [f64; LAYERS + 1] = of_bits(BITS);

const fn of_bits(bits: [u64; LAYERS + 1]) -> [f64; LAYERS + 1] {
    let mut numbers = [0.0; LAYERS + 1];
    let mut i = 0;
    while i < bits.len() {
        numbers[i] = f64::from_bits(bits[i]);
        i += 1;
    }
    numbers
}

#[rustfmt::skip]
const BITS: [u64; LAYERS + 1] = [
    0x4021_64ec_94bf_5dc3, 0x401e_c9d9_297e_bb83, 0x401b_c39e_51da_71fc, 0x4019_e9dc_0d48_7b85, 0x4018_939f_e6f2_ed19,
    0x4017_8750_d6ea_c62e, 0x4016_aa67_6d4b_bf71, 0x4015_ee7a_e173_13d1, 0x4015_4ad8_3ccf_73f4, 0x4014_b9d7_cd47_51d0,
    0x4014_3797_66e4_1361, 0x4013_c14e_c7c8_b860, 0x4013_54ee_27cc_f75d, 0x4012_f0e3_8a44_11f0, 0x4012_93f5_ae49_aaa5,
    0x4012_3d2b_b659_919f, 0x4011_ebbc_a0c9_fa7c, 0x4011_9f03_bcb3_c2d6, 0x4011_5678_6775_442a, 0x4011_11a8_0343_92a6,
    0x4010_d031_785d_48a0, 0x4010_91c1_cdcb_a54e, 0x4010_5611_8bf5_8eef, 0x4010_1ce2_b362_ec2e, 0x400f_cbfe_43f6_c6e6,
    0x400f_626e_9791_f7a7, 0x400e_fcc2_6750_ea4a, 0x400e_9aaf_2af3_83c2, 0x400e_3bf2_6e19_0961, 0x400d_e050_af4e_f1a0,
    0x400d_8794_6fec_3bed, 0x400d_318d_6b27_38c6, 0x400c_de0f_ecf2_a980, 0x400c_8cf4_42c8_c8f5, 0x400c_3e16_41c2_e0a8,
    0x400b_f154_de4b_ef78, 0x400b_a691_d276_da5f, 0x400b_5db1_5091_ea10, 0x400b_1699_c003_b60a, 0x400a_d133_82d8_45c5,
    0x400a_8d68_c2ad_86ea, 0x400a_4b25_43e8_4c3c, 0x400a_0a56_3e49_f179, 0x4009_caea_3a24_d9eb, 0x4009_8cd0_f18d_1ad9,
    0x4009_4ffb_34fc_2a0f, 0x4009_145a_d2f3_7544, 0x4008_d9e2_823b_3696, 0x4008_a085_ce69_5bab, 0x4008_6839_0668_7342,
    0x4008_30f1_2cc0_bec4, 0x4007_faa3_e96e_1413, 0x4007_c547_7d14_76d4, 0x4007_90d2_b56b_71fa, 0x4007_5d3c_e2bd_71c4,
    0x4007_2a7d_ce5c_d219, 0x4006_f88d_b1f4_2508, 0x4006_c765_2f9a_7b1f, 0x4006_96fd_4a97_48ef, 0x4006_674f_60c3_f432,
    0x4006_3855_247b_2e94, 0x4006_0a08_9708_1878, 0x4005_dc64_0388_bd9d, 0x4005_af61_fa38_e107, 0x4005_82fd_4c1b_4461,
    0x4005_5731_06f8_a75a, 0x4005_2bf8_71ac_aab2, 0x4005_014f_08b9_9509, 0x4004_d730_7b1c_b127, 0x4004_ad98_a75d_a14c,
    0x4004_8483_98d3_9432, 0x4004_5bed_851b_c92c, 0x4004_33d2_c9bd_42f8, 0x4004_0c2f_e9f5_eead, 0x4003_e501_8cad_ded0,
    0x4003_be44_7a8d_8b84, 0x4003_97f5_9c34_5144, 0x4003_7211_f88c_a857, 0x4003_4c96_b33b_c966, 0x4003_2781_0b2a_a7d0,
    0x4003_02ce_5926_5965, 0x4002_de7c_0e96_2d71, 0x4002_ba87_b445_db51, 0x4002_96ee_e942_532c, 0x4002_73af_61c7_daa7,
    0x4002_50c6_e640_3bbb, 0x4002_2e33_524f_e551, 0x4002_0bf2_93f0_f4a3, 0x4001_ea02_aa9b_3372, 0x4001_c861_a678_2a5c,
    0x4001_a70d_a7a2_7822, 0x4001_8604_dd6f_ae9f, 0x4001_6545_85c4_04c2, 0x4001_44cd_ec6f_3a2d, 0x4001_249c_6a92_154c,
    0x4001_04af_660b_efd0, 0x4000_e505_50ef_cfb9, 0x4000_c59c_a900_9471, 0x4000_a673_f733_c81b, 0x4000_8789_cf3a_ad10,
    0x4000_68dc_cf11_26dc, 0x4000_4a6b_9e92_24a4, 0x4000_2c34_ef11_391c, 0x4000_0e37_7af9_11d6, 0x3fff_e0e4_0add_09db,
    0x3fff_a5c6_b3ef_e1e8, 0x3fff_6b14_9851_5ed3, 0x3fff_30cb_6ea0_bc83, 0x3ffe_f6e8_fc5b_916b, 0x3ffe_bd6b_154a_767b,
    0x3ffe_844f_9af4_2382, 0x3ffe_4b94_7c16_a454, 0x3ffe_1337_b426_509d, 0x3ffd_db37_4ad2_3582, 0x3ffd_a391_538d_a50d,
    0x3ffd_6c43_ed1e_a402, 0x3ffd_354d_4130_f2b1, 0x3ffc_feab_83ed_7183, 0x3ffc_c85c_f395_a570, 0x3ffc_925f_d823_23ff,
    0x3ffc_5cb2_82ea_b1a8, 0x3ffc_2753_4e42_e030, 0x3ffb_f240_9d2d_fd88, 0x3ffb_bd78_db07_2613, 0x3ffb_88fa_7b32_4fb9,
    0x3ffb_54c3_f8cf_2545, 0x3ffb_20d3_d66e_8bb8, 0x3ffa_ed28_9dca_ad02, 0x3ffa_b9c0_df81_657d, 0x3ffa_869b_32d0_f312,
    0x3ffa_53b6_3556_c693, 0x3ffa_2110_8ad0_5930, 0x3ff9_eea8_dcdd_e954, 0x3ff9_bc7d_dac7_035f, 0x3ff9_8a8e_3940_bbf6,
    0x3ff9_58d8_b235_828c, 0x3ff9_275c_048e_73e3, 0x3ff8_f616_f3fe_1515, 0x3ff8_c508_48cc_6096, 0x3ff8_942e_cfa4_0f56,
    0x3ff8_6389_5961_08e9, 0x3ff8_3316_badf_e62b, 0x3ff8_02d5_ccce_7278, 0x3ff7_d2c5_6b7d_17f8, 0x3ff7_a2e4_76b1_240b,
    0x3ff7_7331_d177_d130, 0x3ff7_43ac_61fa_041c, 0x3ff7_1453_1150_a9fb, 0x3ff6_e524_cb59_a608, 0x3ff6_b620_7e8d_3cdf,
    0x3ff6_8745_1bd3_ebee, 0x3ff6_5891_965c_9b8c, 0x3ff6_2a04_e373_1a2d, 0x3ff5_fb9d_fa56_cf26, 0x3ff5_cd5b_d411_9334,
    0x3ff5_9f3d_6b4e_9cf8, 0x3ff5_7141_bc31_6f25, 0x3ff5_4367_c42c_b5f7, 0x3ff5_15ae_81d9_00fb, 0x3ff4_e814_f4cb_45ea,
    0x3ff4_ba9a_1d6b_18a4, 0x3ff4_8d3c_fcc8_83c3, 0x3ff4_5ffc_9471_6ca6, 0x3ff4_32d7_e646_6ccf, 0x3ff4_05cd_f44f_09c3,
    0x3ff3_d8dd_c08d_336d, 0x3ff3_ac06_4ccf_effc, 0x3ff3_7f46_9a85_1af0, 0x3ff3_529d_aa8a_1ba1, 0x3ff3_260a_7cfb_7612,
    0x3ff2_f98c_1103_1721, 0x3ff2_cd21_64a5_3b5e, 0x3ff2_a0c9_748b_cdaa, 0x3ff2_7483_3bd0_18a0, 0x3ff2_484d_b3c2_a32a,
    0x3ff2_1c27_d3b1_0e05, 0x3ff1_f010_90a9_c4e2, 0x3ff1_c406_dd3d_5283, 0x3ff1_9809_a93d_2395, 0x3ff1_6c17_e177_7ffa,
    0x3ff1_4030_6f70_7dbc, 0x3ff1_1452_3917_ac13, 0x3ff0_e87c_207a_2f63, 0x3ff0_bcad_0371_0134, 0x3ff0_90e3_bb4b_006f,
    0x3ff0_651f_1c72_76f5, 0x3ff0_395d_f60d_b160, 0x3ff0_0d9f_119a_3cd8, 0x3fef_c3c2_6504_a9a0, 0x3fef_6c46_2b57_feb4,
    0x3fef_14c6_e202_949e, 0x3fee_bd41_e5e2_1b60, 0x3fee_65b4_83cf_1040, 0x3fee_0e1b_f77c_31fa, 0x3fed_b675_6a42_9053,
    0x3fed_5ebd_f1d8_6b89, 0x3fed_06f2_8ef0_e6f7, 0x3fec_af10_2bc2_5ad7, 0x3fec_5713_9a70_d29b, 0x3feb_fef9_9359_fe95,
    0x3feb_a6be_b33f_8f85, 0x3feb_4e5f_794c_9797, 0x3fea_f5d8_44f2_24c5, 0x3fea_9d25_5396_d25d, 0x3fea_4442_be14_8846,
    0x3fe9_eb2c_75ff_03bc, 0x3fe9_91de_42ad_1335, 0x3fe9_3853_bdfd_a241, 0x3fe8_de88_50d0_c526, 0x3fe8_8477_2f2b_e1e8,
    0x3fe8_2a1b_53fe_d595, 0x3fe7_cf6f_7c7e_816e, 0x3fe7_746e_2307_796f, 0x3fe7_1911_7979_90b8, 0x3fe6_bd53_62fa_a940,
    0x3fe6_612d_6d0c_68dc, 0x3fe6_0498_c7dd_2eca, 0x3fe5_a78e_3db8_bef8, 0x3fe5_4a06_2978_6f49, 0x3fe4_ebf8_6bcd_0b8f,
    0x3fe4_8d5c_5f35_e70e, 0x3fe4_2e28_ca70_6744, 0x3fe3_ce53_d121_629c, 0x3fe3_6dd2_e26d_81fd, 0x3fe3_0c9a_a526_da46,
    0x3fe2_aa9e_e123_6806, 0x3fe2_47d2_6538_ff2a, 0x3fe1_e426_e93e_49e3, 0x3fe1_7f8c_eb4b_df9c, 0x3fe1_19f3_8749_f5ac,
    0x3fe0_b348_479b_80f9, 0x3fe0_4b76_ed6a_7555, 0x3fdf_c4d2_5d68_3204, 0x3fde_f00c_cf5f_4fa6, 0x3fde_1866_78f1_7356,
    0x3fdd_3da2_4df1_7c30, 0x3fdc_5f7b_d78c_3f82, 0x3fdb_7da5_dddd_a3bc, 0x3fda_97c8_be5d_51fc, 0x3fd9_ad80_5522_37ca,
    0x3fd8_be59_54d3_6066, 0x3fd7_c9cd_da17_d011, 0x3fd6_cf40_f0a7_2bb5, 0x3fd5_cdf8_9d02_4aba, 0x3fd4_c515_c60b_fe19,
    0x3fd3_b388_fe3d_6ec0, 0x3fd2_9802_90da_2628, 0x3fd1_70db_24d6_f665, 0x3fd0_3bf0_49c6_5c30, 0x3fcd_ecd8_b76d_bd80,
    0x3fcb_38d1_ef79_b7b3, 0x3fc8_5090_fbc2_7a63, 0x3fc5_22e6_e54a_2a53, 0x3fc1_9335_a95b_8d97, 0x3fba_d6b2_495b_4cd7,
    0x3fb0_589d_8b5d_40a8, 0x0000_0000_0000_0000,
];
